import { expect } from "chai";
import type { ServiceLogLine } from "../../../src/operations/driver.js";
import type { Answer, EngineCall } from "../../support/engine-proxy.js";
import { Recorder } from "../bench.js";
import { tells } from "../telling.js";
import { onKubernetes } from "./yard.js";

const talking = [
  "node",
  "-e",
  "let n = 0; process.on('SIGTERM', () => process.exit(0)); setInterval(() => console.log('line ' + ++n), 500)",
];
const isWatch = ({ url }: EngineCall) => /[?&]watch=true/.test(url);
const isList = (call: EngineCall, plural: string) =>
  call.method === "GET" && call.path.endsWith(`/${plural}`) && !isWatch(call);

/** What is watched of a namespace. */
const kinds = ["deployments", "daemonsets", "replicasets", "pods", "services"];

const status = (code: number, reason: string, message: string) => ({
  ...{ kind: "Status", apiVersion: "v1", status: "Failure" },
  ...{ code, reason, message },
});
const gone = status(410, "Expired", "too old resource version");
const busy: Answer = {
  status: 429,
  headers: { "retry-after": "1" },
  body: status(429, "TooManyRequests", "the server has received too many requests"),
};

/** Prints three lines each time it is started, and ends when it is told to. */
const crashing = `
const name = Date.now();
for (const word of ["one", "two", "three"]) console.log(name, word);
process.on("SIGTERM", () => process.exit(0));
const ask = async () => { if (await (await fetch(process.env.ASK)).text() === "crash") process.exit(3); };
setInterval(() => ask().catch(() => {}), 200);
`;

onKubernetes("watching a cluster", (it) => {
  it("begins with a list again when a watch has expired, in the middle of a rebuild, too", async (scene) => {
    const proxy = await scene.behind();
    const ref = scene.ref();
    const old = await scene.deploy(scene.target(ref, scene.tiny()));
    proxy.calls.length = 0;
    const expired = new Map<string, number>();
    const expire = (call: EngineCall): Answer | undefined => {
      const times = expired.get(call.path) ?? 0;
      if (!isWatch(call) || times >= 2) {
        return undefined;
      }
      expired.set(call.path, times + 1);
      return times === 0
        ? { status: 200, body: { type: "ERROR", object: gone } }
        : { status: 410, body: gone };
    };
    const listsOf = (plural: string) => proxy.calls.filter((call) => isList(call, plural));
    let shown: string[] = [];
    const report = new Recorder(async ({ step, state }, recorder) => {
      if (step === "READY" && state === "RUNNING" && expired.size === 0) {
        // Watches that go on are cut first: then each begins anew, and is told so twice, in both ways.
        proxy.before = expire;
        proxy.endStreams();
        await scene.until("all are listed again", () => kinds.every((plural) => listsOf(plural).length >= 2));
        shown = recorder.summary();
      }
    });
    const next = scene.target(ref, scene.tiny("", { rollout: { monitor: 8 } }));
    expect(await scene.replace(old, next, report)).to.deep.equal({ verdict: "SUCCEEDED", cause: null });
    expect(shown).to.include("READY RUNNING").and.not.to.include("CUT_OVER DONE");
    expect([...expired.values()]).to.deep.equal(kinds.map(() => 2));
    await scene.expectStands(next);
    for (const plural of kinds) {
      // A busy API server may end one once more.
      expect(listsOf(plural), plural).to.have.lengthOf.within(2, 3);
    }
  });

  it("goes on from where it was when watches merely end", async (scene) => {
    const proxy = await scene.behind();
    const ref = scene.ref();
    const old = await scene.deploy(scene.target(ref, scene.tiny()));
    proxy.calls.length = 0;
    proxy.endStreams();
    await scene.until("all are watched again", () => proxy.calls.filter(isWatch).length >= 5);
    await scene.kubectl("set", "env", scene.named(ref), "BY_HAND=1");
    await scene.until("it is seen", async () => (await scene.driver.inspect(ref)).drifted, 5);
    expect(await scene.driver.drift(old)).to.have.length(1);
    expect(proxy.calls.filter(({ path, url }) => /s$/.test(path) && !/watch=true/.test(url))).to.deep.equal(
      [],
    );
  });

  it("tries again, as late as it is told, what an API server has too much to do for", async (scene) => {
    const proxy = await scene.behind();
    const ref = scene.ref();
    const refusedAt = new Map<string, number[]>();
    proxy.before = (call) => {
      const key = `${call.method} ${isWatch(call) ? "watch " : ""}${call.path}`;
      const at = refusedAt.get(key) ?? [];
      refusedAt.set(key, [...at, Date.now()]);
      return at.length < 2 ? busy : undefined;
    };
    const old = await scene.deploy(scene.target(ref, scene.tiny()));
    const next = scene.target(ref, scene.tiny());
    expect(await scene.replace(old, next)).to.deep.equal({ verdict: "SUCCEEDED", cause: null });
    const patched = refusedAt.get(
      `PATCH /apis/apps/v1/namespaces/${scene.namespace}/deployments/${ref.name}`,
    )!;
    expect(patched).to.have.length(3);
    expect(patched[1]! - patched[0]!).to.be.greaterThan(950);
    await scene.expectStands(next);
  });

  it("goes on with what a service prints, each line once, after the cluster was away", async (scene) => {
    const line = await scene.onLine();
    const ref = scene.ref();
    await scene.deploy(scene.target(ref, scene.spec({ command: talking, readiness: null, ports: [] })));
    const stop = new AbortController();
    const lines: ServiceLogLine[] = [];
    const following = (async () => {
      const options = { tail: 10, follow: true, signal: stop.signal };
      for await (const one of scene.driver.logs(ref, options)) {
        lines.push(one);
      }
    })();
    await scene.until("lines", () => lines.length > 5);
    line.cut();
    await scene.until("it was tried again", () => line.refused > 3);
    const before = lines.length;
    line.mend();
    await scene.until("more lines", () => lines.length > before + 5);
    stop.abort();
    await following;
    const numbers = lines.map((one) => Number(one.line.split(" ")[1]));
    expect(numbers).to.deep.equal(numbers.map((_, index) => numbers[0]! + index));
  });

  it("has what a service printed before it crashed, and goes on with what it prints when it was started again", async (scene) => {
    let told = "";
    const env = { ASK: await tells(scene, () => told) };
    const ref = scene.ref();
    const command = ["node", "-e", crashing];
    await scene.deploy(scene.target(ref, scene.spec({ command, env, readiness: null, ports: [] })));
    const app = async () => (await scene.living(ref))[0]!.status!.containerStatuses![0]!;
    const tail = async (count: number) => {
      const lines: string[] = [];
      const { signal } = new AbortController();
      for await (const { line } of scene.driver.logs(ref, { tail: count, follow: false, signal })) {
        lines.push(line);
      }
      return lines;
    };
    const wordsOf = (lines: string[]) => lines.map((line) => line.split(" ")[1]);
    told = "crash";
    const isBackingOff = async () => (await app()).state?.waiting?.reason === "CrashLoopBackOff";
    await scene.until("it backs off", isBackingOff, 120);
    await scene.until("that is seen", async () => {
      const [task] = (await scene.driver.inspect(ref)).tasks;
      return task?.state === "BACKING_OFF" && task.restarts === (await app()).restartCount;
    });
    told = "";
    const last = await tail(10);
    expect(wordsOf(last)).to.deep.equal(["one", "two", "three"]);
    const stop = new AbortController();
    const followed: string[] = [];
    const following = (async () => {
      for await (const { line } of scene.driver.logs(ref, { tail: 10, follow: true, signal: stop.signal })) {
        followed.push(line);
      }
    })();
    await scene.until("it runs again", async () => (await app()).state?.running, 120);
    await scene.until("its lines", () => followed.length >= 6);
    const both = await tail(10);
    expect(both.slice(0, 3)).to.deep.equal(last);
    expect(wordsOf(both)).to.deep.equal(["one", "two", "three", "one", "two", "three"]);
    expect(await tail(4)).to.deep.equal(both.slice(2));
    expect(await tail(2)).to.deep.equal(both.slice(4));
    stop.abort();
    await following;
    expect(followed).to.deep.equal(both);
  });

  it("ends at once with the server, also while the cluster says nothing", async (scene) => {
    const line = await scene.onLine();
    const ref = scene.ref();
    await scene.deploy(scene.target(ref, scene.tiny()));
    const driver = scene.successor();
    await driver.restore();
    await driver.inspect(ref);
    const following = (async () => {
      const { signal } = new AbortController();
      for await (const _ of driver.logs(ref, { tail: 10, follow: true, signal })) {
        // Whatever comes.
      }
    })();
    line.freeze();
    const begun = Date.now();
    await driver.close();
    await following;
    expect(Date.now() - begun).to.be.lessThan(2_000);
    line.mend();
  });
});
