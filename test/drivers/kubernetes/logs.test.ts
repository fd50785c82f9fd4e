import { EventEmitter, once } from "node:events";
import { expect } from "chai";
import type { ContainerStatus, Pod } from "../../../src/drivers/kubernetes/api-types.js";
import { followLogs, type LogSource, tailOf } from "../../../src/drivers/kubernetes/logs.js";
import { until } from "../bench.js";
import { ended, podOf, running, waiting } from "./pod-fixture.js";
import { answer, refusal, type Script, ScriptedApi } from "./scripted-api.js";

const metadata = { name: "orders", uid: "uid-orders" };
const what = "GET /api/v1/namespaces/shop/pods/orders/log";
const backOff = waiting("CrashLoopBackOff");
const report = `@@rebake:00ff@@ ${JSON.stringify({ step: "START", state: "DONE" })}`;

/** What a node keeps of a container, from that second on; each line a second after the one before. */
const kept = (second: number, ...lines: string[]) =>
  answer(200, lines.map((line, index) => `2026-01-01T00:00:${10 + second + index}.5Z ${line}\n`).join(""));
const nothingKept = refusal(400, "BadRequest", 'previous terminated container "app" not found');

describe("what services on Kubernetes have printed", () => {
  let api: ScriptedApi;
  let source: LogSource & { pod: Pod; is(app: Partial<ContainerStatus>): void };
  beforeEach(async () => {
    api = await ScriptedApi.open();
    const news = new EventEmitter();
    source = {
      cluster: await api.cluster(),
      namespace: "shop",
      pod: podOf("op-1", { metadata }),
      is(app) {
        this.pod = podOf("op-1", { app, metadata });
        news.emit("heard");
      },
      pods() {
        return [this.pod];
      },
      heard: (signal) =>
        once(news, "heard", { signal }).then(
          () => {},
          () => {},
        ),
    };
  });
  afterEach(async () => {
    source.cluster.close();
    await api.close();
  });

  const { signal } = new AbortController();
  const tail = async (count: number) => (await tailOf(source, count, signal)).map(({ line }) => line);
  const asked = () =>
    api
      .queriesOf(what)
      .map((query) => (query.get("previous") ? "previous" : query.get("follow") ? "follow" : "present"));

  it("is that of the container before, while the next one waits", async () => {
    source.is({ state: backOff, lastState: ended(3), restartCount: 2 });
    api.next(what, kept(0, "one", "two", "boom"));
    expect(await tail(2)).to.deep.equal(["two", "boom"]);
    expect(asked()).to.deep.equal(["previous"]);
  });

  it("begins with the container before when the present one has not said enough", async () => {
    source.is({ state: running, lastState: ended(3), restartCount: 1 });
    api.next(what, kept(5, "begins again"), kept(0, "one", "two", "boom"));
    expect(await tail(3)).to.deep.equal(["two", "boom", "begins again"]);
    expect(asked()).to.deep.equal(["present", "previous"]);
  });

  it("is the present container's alone when that has said enough, not counting reports", async () => {
    source.is({ state: running, lastState: ended(3), restartCount: 1 });
    api.next(what, kept(5, report, "begins", "works"));
    expect(await tail(2)).to.deep.equal(["begins", "works"]);
    api.next(what, kept(5, report, "begins", "works"), kept(0, "boom"));
    expect(await tail(3)).to.deep.equal(["boom", "begins", "works"]);
    expect(asked()).to.deep.equal(["present", "present", "previous"]);
  });

  it("asks for no container before the first", async () => {
    source.is({ state: running });
    api.next(what, kept(0, "one"));
    expect(await tail(5)).to.deep.equal(["one"]);
    source.is({ state: waiting("ContainerCreating") });
    expect(await tail(5)).to.deep.equal([]);
    expect(asked()).to.deep.equal(["present"]);
  });

  it("goes without the container before when its node has kept nothing, and says it when it may not be had", async () => {
    source.is({ state: running, lastState: ended(3), restartCount: 1 });
    api.next(what, kept(0, "one"), nothingKept);
    expect(await tail(5)).to.deep.equal(["one"]);
    source.is({ state: backOff, lastState: ended(3), restartCount: 1 });
    api.next(what, nothingKept);
    expect(await tail(5)).to.deep.equal([]);
    api.next(what, refusal(403, "Forbidden", "may not"));
    const refused = await tail(5).catch((error: Error) => error);
    expect(refused).to.have.property("message", "may not");
  });

  it("has each line once when a container ends between the two questions", async () => {
    source.is({ state: running, lastState: ended(3), restartCount: 1 });
    api.next(what, kept(0, "one", "two"), kept(0, "one", "two", "boom"));
    expect(await tail(9)).to.deep.equal(["one", "two"]);
  });

  it("is followed from container to container, each line once and in order", async () => {
    source.is({ state: backOff, lastState: ended(3), restartCount: 1 });
    // The last lines; then the same container is asked once more for what has come since.
    api.next(what, kept(0, "one", "boom"), kept(0, "one", "boom"));
    const stop = new AbortController();
    const lines: string[] = [];
    const following = (async () => {
      for await (const { line } of followLogs(source, 10, stop.signal)) {
        lines.push(line);
      }
    })();
    await until("the last lines", () => asked().length === 2);
    api.next(what, kept(4, "begins", "boom again"));
    source.is({ state: ended(3), lastState: ended(3), restartCount: 2 });
    await until("the next one's", () => lines.length === 4);
    // It was ended, and started and ended once more, before anybody heard of it.
    api.next(what, kept(7, "begins at last", "boom at last"));
    source.is({ state: backOff, lastState: ended(3), restartCount: 3 });
    await until("those of one that was over at once", () => lines.length === 6);
    stop.abort();
    await following;
    expect(lines).to.deep.equal(["one", "boom", "begins", "boom again", "begins at last", "boom at last"]);
    expect(asked()).to.deep.equal(["previous", "previous", "follow", "previous"]);
  });

  it("is followed on in the container before, after its stream broke and another one was started", async () => {
    source.is({ state: running });
    const breaks: Script = (_, response) => {
      source.is({ state: ended(3), lastState: ended(3), restartCount: 1 });
      response.destroy();
    };
    api.next(what, kept(0, "one"), breaks, kept(0, "one", "boom"), kept(5, "begins again"));
    const stop = new AbortController();
    const lines: string[] = [];
    const following = (async () => {
      for await (const { line } of followLogs(source, 10, stop.signal)) {
        lines.push(line);
      }
    })();
    await until("both", () => lines.length === 3);
    stop.abort();
    await following;
    expect(lines).to.deep.equal(["one", "boom", "begins again"]);
    expect(asked()).to.deep.equal(["present", "follow", "previous", "follow"]);
  });
});
