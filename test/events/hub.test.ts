import { expect } from "chai";
import fc from "fast-check";
import type { ChannelSource } from "../../src/events/channel.js";
import type { EventFilter } from "../../src/events/event-filter.js";
import { EventIndex } from "../../src/events/event-index.js";
import type { LoggedEvent } from "../../src/events/event-map.js";
import { Hub, type HubOptions } from "../../src/events/hub.js";
import { eventually } from "../support/eventually.js";
import { MemoryLog, Recorder, serviceChanged } from "./memory-log.js";

function setUp(limits: HubOptions["limits"] = {}) {
  const log = new MemoryLog();
  const errors: unknown[] = [];
  const hub = new Hub({ read: log.read, onError: (error) => errors.push(error), limits });
  return {
    log,
    hub,
    errors,
    publish: (count: number, service?: string) => hub.publish(log.append(count, service)),
  };
}

const cursors = (events: readonly LoggedEvent[]) => events.map((event) => `${event.cursor}`);
const upTo = (last: number, first = 1) => Array.from({ length: last - first + 1 }, (_, i) => `${i + first}`);

function source(overrides: Partial<ChannelSource> = {}): () => ChannelSource {
  return () => ({
    filter: { types: ["SERVICE_CHANGED"] },
    render: async (events) => cursors(events),
    ...overrides,
  });
}

describe("the hub", () => {
  it("delivers every event once and in order, however subscribers come, resume and dawdle", async function () {
    this.timeout(120_000);
    const count = fc.integer({ min: 1, max: 30 });
    const step = fc.oneof(
      { weight: 3, arbitrary: fc.record({ do: fc.constant("append" as const), count }) },
      { weight: 6, arbitrary: fc.record({ do: fc.constant("publish" as const), count }) },
      {
        weight: 2,
        arbitrary: fc.record({
          do: fc.constant("subscribe" as const),
          back: fc.integer({ min: 0, max: 80 }),
        }),
      },
      { weight: 1, arbitrary: fc.record({ do: fc.constant("block" as const), who: fc.nat(20) }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant("unblock" as const), who: fc.nat(20) }) },
      { weight: 3, arbitrary: fc.record({ do: fc.constant("turn" as const) }) },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const { log, hub, errors } = setUp({ bufferedBytes: 40, queuedEvents: 25 });
        // The log may be ahead of what the hub has been told, never the other way.
        let published = 0;
        const publish = (most: number) => {
          const events = log.events.slice(published, published + most);
          published += events.length;
          hub.publish(events);
        };
        const subscribers: { recorder: Recorder; after: number }[] = [];
        for (const each of steps) {
          const chosen = "who" in each ? subscribers[each.who % (subscribers.length || 1)] : undefined;
          if (each.do === "append") {
            log.append(each.count);
          } else if (each.do === "publish") {
            log.append(each.count / 2);
            publish(each.count);
          } else if (each.do === "subscribe") {
            const after = Math.max(0, log.events.length - each.back);
            const recorder = new Recorder();
            subscribers.push({ recorder, after });
            hub.subscribe({ key: "all", source: source(), subscriber: recorder, after: BigInt(after) });
          } else if (each.do === "turn") {
            await new Promise((resolve) => setImmediate(resolve));
          } else {
            chosen?.recorder[each.do]();
          }
        }
        publish(log.events.length);
        for (const { recorder, after } of subscribers) {
          recorder.unblock();
          const expected = upTo(log.events.length, after + 1);
          await eventually(() => recorder.payloads.length >= expected.length);
          expect(recorder.payloads).to.deep.equal(expected);
        }
        expect(errors).to.deep.equal([]);
      }),
      { numRuns: 150 },
    );
  });

  it("renders an event once for all subscribers with the same key", async () => {
    const { hub, publish } = setUp();
    let rendered = 0;
    const counting = source({
      render: async (events) => {
        rendered += events.length;
        return cursors(events);
      },
    });
    const recorders = Array.from({ length: 20 }, () => new Recorder());
    for (const subscriber of recorders) {
      hub.subscribe({ key: "same", source: counting, subscriber });
    }
    publish(50);
    await eventually(() => recorders.every(({ payloads }) => payloads.length === 50));
    expect(rendered).to.equal(50);
    expect(hub.stats()).to.deep.equal({ channels: 1, live: 20, catchingUp: 0 });
  });

  it("looks only at channels that may want an event", () => {
    const index = new EventIndex<{ filter: EventFilter }>();
    const types = ["SERVICE_CHANGED" as const];
    const everything = { filter: { types } };
    const ofEnvironment = { filter: { types, environmentIds: ["env_1", "env_1", "env_2"] } };
    const ofServices = { filter: { types, serviceIds: ["svc_1", "svc_2"], environmentIds: ["env_1"] } };
    const others = Array.from({ length: 100 }, (_, i) => ({ filter: { types, serviceIds: [`svc_x${i}`] } }));
    for (const entry of [everything, ofEnvironment, ofServices, ...others]) {
      index.add(entry);
    }
    const visited = () => {
      const entries: unknown[] = [];
      index.visit(serviceChanged(1n, "svc_2", "env_1"), (entry) => entries.push(entry));
      return entries;
    };
    expect(visited()).to.have.members([everything, ofEnvironment, ofServices]);
    index.remove(ofServices);
    index.remove(everything);
    expect(visited()).to.deep.equal([ofEnvironment]);
  });

  it("delivers only what a filter lets through", async () => {
    const { hub, publish } = setUp();
    const recorder = new Recorder();
    const filter: EventFilter = {
      types: ["SERVICE_CHANGED"],
      serviceIds: ["svc_7"],
      environmentIds: ["env_1"],
      matches: (event) => event.cursor !== 12n,
    };
    hub.subscribe({ key: "filtered", source: source({ filter }), subscriber: recorder });
    publish(10, "svc_6");
    publish(3, "svc_7");
    await eventually(() => recorder.payloads.length === 2);
    expect(recorder.payloads).to.deep.equal(["11", "13"]);
  });

  it("does not let a channel that renders slowly delay another one", async () => {
    const { hub, publish } = setUp();
    const slow = new Recorder();
    const fast = new Recorder();
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const render: ChannelSource["render"] = async (events) => {
      await held;
      return cursors(events);
    };
    hub.subscribe({ key: "slow", source: source({ render }), subscriber: slow });
    hub.subscribe({ key: "fast", source: source(), subscriber: fast });
    publish(5);
    await eventually(() => fast.payloads.length === 5);
    expect(slow.payloads).to.deep.equal([]);
    release();
    await eventually(() => slow.payloads.length === 5);
  });

  it("keeps a bounded number of events for a channel that cannot follow, and reads the rest", async () => {
    const { hub, publish, log } = setUp({ queuedEvents: 10 });
    const recorder = new Recorder();
    hub.subscribe({ key: "all", source: source(), subscriber: recorder });
    publish(500);
    publish(500);
    await eventually(() => recorder.payloads.length === 1_000);
    expect(recorder.payloads).to.deep.equal(upTo(1_000));
    expect(log.reads).to.be.greaterThan(0);
  });

  it("renders nothing again that it has read from the log before the hub was told", async () => {
    const { hub, log } = setUp({ queuedEvents: 10 });
    const recorder = new Recorder();
    const rendered: string[] = [];
    const render: ChannelSource["render"] = async (events) => {
      rendered.push(...cursors(events));
      return cursors(events);
    };
    hub.subscribe({ key: "all", source: source({ render }), subscriber: recorder });
    const events = log.append(55);
    hub.publish(events.slice(0, 50));
    await eventually(() => recorder.payloads.length === 55);
    hub.publish(events.slice(50));
    hub.publish(log.append(2));
    await eventually(() => recorder.payloads.length === 57);
    expect(rendered).to.deep.equal(upTo(57));
  });

  it("lets a subscriber that does not keep up go on from the log, others unaffected", async () => {
    const { hub, publish } = setUp({ bufferedBytes: 100 });
    const slow = new Recorder();
    const fast = new Recorder();
    slow.block();
    hub.subscribe({ key: "all", source: source(), subscriber: fast });
    const subscription = hub.subscribe({ key: "all", source: source(), subscriber: slow });
    for (let i = 0; i < 20; i++) {
      publish(50);
      await eventually(() => fast.payloads.length === (i + 1) * 50);
    }
    expect(slow.payloads.length).to.be.lessThan(200);
    expect(`${subscription.position}`).to.equal(slow.payloads.at(-1));
    expect(hub.stats()).to.deep.include({ live: 1, catchingUp: 1 });
    slow.unblock();
    await eventually(() => slow.payloads.length === 1_000);
    expect(slow.payloads).to.deep.equal(upTo(1_000));
    await eventually(() => hub.stats().live === 2);
  });

  it("completes a subscription behind its last event, live and from the log", async () => {
    const { hub, publish } = setUp();
    const ending = source({ isLast: (event) => event.cursor === 7n });
    const live = new Recorder();
    hub.subscribe({ key: "ending", source: ending, subscriber: live });
    publish(10);
    await eventually(() => live.ended);
    const resumed = new Recorder();
    hub.subscribe({ key: "ending", source: ending, subscriber: resumed, after: 2n });
    await eventually(() => resumed.ended);
    expect([live.payloads, live.ended]).to.deep.equal([upTo(7), "completed"]);
    expect([resumed.payloads, resumed.ended]).to.deep.equal([upTo(7, 3), "completed"]);
    expect(hub.stats().channels).to.equal(0);
  });

  it("delivers what was made for a subscriber first, and ends with it when it is the last", async () => {
    const { hub, publish, log } = setUp();
    const isLast = (event: LoggedEvent) => event.cursor === 2n;
    publish(3);
    const recorder = new Recorder();
    const request = { key: "k", source: source({ isLast }), subscriber: recorder, after: 3n };
    hub.subscribe({ ...request, initial: [log.events[0]!] });
    publish(1);
    await eventually(() => recorder.payloads.length === 2);
    expect(recorder.payloads).to.deep.equal(["1", "4"]);
    const ended = new Recorder();
    hub.subscribe({ ...request, subscriber: ended, initial: [log.events[1]!] });
    await eventually(() => ended.ended);
    expect(ended.payloads).to.deep.equal(["2"]);
  });

  it("tells the subscribers of a channel whose render throws, and nobody else", async () => {
    const { hub, publish, errors } = setUp();
    const broken = new Recorder();
    const sound = new Recorder();
    const render = async () => {
      throw new Error("broken");
    };
    hub.subscribe({ key: "broken", source: source({ render }), subscriber: broken });
    hub.subscribe({ key: "sound", source: source(), subscriber: sound });
    publish(1);
    await eventually(() => broken.ended && sound.payloads.length === 1);
    expect(errors).to.have.length(1);
    expect(sound.ended).to.equal(null);
  });
});
