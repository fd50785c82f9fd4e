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

  describe("of several pods", () => {
    const logOf = (name: string) => `GET /api/v1/namespaces/shop/pods/${name}/log`;
    const named = (name: string) => podOf("op-1", { metadata: { name, uid: name } });
    const silent: Script = () => {};
    const stalled: Script = (_, response) => {
      response.writeHead(200);
      response.write("2026-01-01T00:00:01.5Z half");
    };
    beforeEach(() => {
      const pods = [named("away"), named("there")];
      source.pods = () => pods;
      source.patience = 200;
    });

    it("is what the others have printed when a node does not answer, or says no in time, or a pod is gone", async () => {
      const failures = [
        silent,
        stalled,
        refusal(404, "NotFound", 'pods "away" not found'),
        refusal(400, "BadRequest", 'container "app" in pod "away" is waiting to start'),
        refusal(500, "InternalError", "dial tcp 10.0.0.9:10250: connect: no route to host"),
      ];
      for (const failure of failures) {
        api.next(logOf("away"), failure);
        api.next(logOf("there"), kept(0, "one", "two"));
        expect(await tail(5)).to.deep.equal(["one", "two"]);
      }
    });

    it("is an error when none of their nodes answers, or it may not be read", async () => {
      api.next(logOf("away"), silent);
      api.next(logOf("there"), stalled);
      expect(await tail(5).catch((error: Error) => error)).to.have.property("name", "EngineAway");
      api.next(logOf("away"), refusal(403, "Forbidden", "may not"));
      api.next(logOf("there"), kept(0, "one"));
      expect(await tail(5).catch((error: Error) => error)).to.have.property("message", "may not");
    });

    it("ends with its reader", async () => {
      source.patience = 60_000;
      const stop = new AbortController();
      api.next(logOf("away"), silent);
      api.next(logOf("there"), kept(0, "one"));
      const reading = tailOf(source, 5, stop.signal).catch((error: Error) => error);
      await until("it was asked", () => api.queriesOf(logOf("away")).length === 1);
      stop.abort();
      expect(await reading).to.have.property("name", "AbortError");
    });

    it("is followed on from when it was asked for, once a node is back", async () => {
      const later = answer(200, "2026-01-01T00:00:01.5Z long ago\n2199-01-01T00:00:01.5Z back\n");
      api.next(logOf("away"), silent, later);
      api.next(logOf("there"), kept(0, "one"), kept(0, "one", "two"));
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
      expect(lines[0]).to.equal("one");
      expect(lines.slice(1).sort()).to.deep.equal(["back", "two"]);
    });
  });

  it("is the app's where something was put before it, and the first one's where none is called so", async () => {
    const statuses = [
      { name: "proxy", ready: true, restartCount: 0, state: running },
      { name: "app", ready: true, restartCount: 0, state: running },
    ];
    source.pod = podOf("op-1", {
      metadata,
      spec: { containers: statuses.map(({ name }) => ({ name })) },
      status: { containerStatuses: statuses },
    });
    api.next(what, kept(0, "one"));
    expect(await tail(5)).to.deep.equal(["one"]);
    source.pod = podOf(null, {
      metadata,
      spec: { containers: [{ name: "proxy" }, { name: "web" }] },
      status: { containerStatuses: statuses },
    });
    api.next(what, kept(0, "two"));
    expect(await tail(5)).to.deep.equal(["two"]);
    expect(api.queriesOf(what).map((query) => query.get("container"))).to.deep.equal(["app", "proxy"]);
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
