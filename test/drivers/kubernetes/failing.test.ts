import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect } from "chai";
import type { KubeService, Pod } from "../../../src/drivers/kubernetes/api-types.js";
import { appSource } from "../app-fixture.js";
import { Recorder } from "../bench.js";
import { registry } from "../machine.js";
import { tells } from "../telling.js";
import type { Scene } from "./scene.js";
import { nginxImage, onKubernetes } from "./yard.js";

/** A registry that lets nobody in; returns where it is. */
async function refusingRegistry(scene: Scene): Promise<string> {
  const server = createServer((_, response) => {
    response.writeHead(401, {
      "www-authenticate": 'Basic realm="registry"',
      "content-type": "application/json",
    });
    response.end(JSON.stringify({ errors: [{ code: "UNAUTHORIZED", message: "authentication required" }] }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  scene.closing(() => {
    server.close();
    server.closeAllConnections();
  });
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const image = (pullPolicy: "NEVER" | "ALWAYS") => ({
  ...{ prefix: registry, name: "nope", tag: "1", pullPolicy, credential: null },
});

onKubernetes("failures on Kubernetes end early and say why", (it, yard) => {
  const commits = { working: "", failing: "", hanging: "" };
  before("commit what does not work", async () => {
    if (!yard.repository) {
      return;
    }
    const withScripts = (scripts: object) =>
      yard.repository.commit({ "package.json": JSON.stringify({ name: "app", version: "1.0.0", scripts }) });
    commits.working = await yard.repository.commit({ "server.mjs": appSource("one") });
    commits.failing = await withScripts({ postinstall: "echo about to fail; exit 7" });
    commits.hanging = await withScripts({ preinstall: "echo thinking; sleep 1000" });
  });
  const fromSource = (scene: Scene, fields: Parameters<Scene["spec"]>[0] = {}) =>
    scene.spec({ source: scene.source(), command: ["node", "server.mjs"], ...fields });

  it("an image that is not there, without the cluster's own deadline being shortened", async (scene) => {
    const facts = { image: `${registry}/nope:1` };
    const { seconds, cause, failed, old } = await scene.failsWith("IMAGE_NOT_FOUND", scene.tiny(), facts);
    expect(seconds).to.be.lessThan(15);
    expect(cause.message)
      .to.include(facts.image)
      .and.to.match(/not found|manifest unknown/i);
    expect(failed).to.deep.equal(["START"]);
    expect((await scene.deployment(old.ref)).spec.progressDeadlineSeconds).to.equal(600);
  });

  it("a registry that refuses", async (scene) => {
    const facts = { image: `${await refusingRegistry(scene)}/shop/app:1` };
    const { seconds, cause } = await scene.failsWith("REGISTRY_REFUSED", scene.tiny(), facts);
    expect(seconds).to.be.lessThan(15);
    expect(cause.message).to.include(facts.image).and.to.include("credential");
  });

  it("a registry that is not there, after a while in which it may come", async (scene) => {
    const facts = { image: "127.0.0.1:9/shop/app:1" };
    const spec = scene.tiny("", { rollout: { deadline: 120 } });
    const { seconds, cause } = await scene.failsWith("REGISTRY_UNREACHABLE", spec, facts);
    expect(seconds).to.be.greaterThan(50).and.lessThan(90);
    expect(cause.message).to.include(facts.image).and.to.include("connection refused");
  });

  it("what is no name of an image", async (scene) => {
    const { seconds, cause } = await scene.failsWith("IMAGE_NOT_FOUND", scene.tiny(), {
      image: "No Such Name",
    });
    expect(seconds).to.be.lessThan(15);
    expect(cause.message).to.include("No Such Name").and.to.include("no name of one");
  });

  it("an image that may not be pulled and is not there", async (scene) => {
    const spec = scene.tiny("", { image: image("NEVER") });
    const facts = { image: `${registry}/nope:1` };
    const { seconds, cause } = await scene.failsWith("IMAGE_NOT_FOUND", spec, facts);
    expect(seconds).to.be.lessThan(15);
    expect(cause.message).to.include("pullPolicy NEVER");
  });

  it("a recipe without an image", async (scene) => {
    const { cause } = await scene.failsWith("SPEC_INVALID", scene.tiny(), { image: null });
    expect(cause.message).to.include("names no image");
  });

  it("a crash at start, with its code and the last lines of the container before", async (scene) => {
    const { cause, failed, seconds } = await scene.failsWith("APP_EXITED", scene.tiny("crash"));
    expect(cause.exitCode).to.equal(3);
    expect(cause.message).to.include("exit code 3");
    expect(cause.lastLines.join("\n")).to.match(
      /begins as crash version {2}instance orders-.*\nboom: no database/,
    );
    expect(failed).to.deep.equal(["READY"]);
    expect(seconds).to.be.lessThan(30);
  });

  it("a crash that nobody could follow, and that is heard of when only the container before is left", async (scene) => {
    const proxy = await scene.behind();
    const old = await scene.deploy(scene.target(scene.ref(), scene.tiny()));
    const isBackingOff = async () =>
      (await scene.list<Pod>("Pod"))
        .flatMap(({ status }) => status?.containerStatuses ?? [])
        .some(({ state }) => state?.waiting?.reason === "CrashLoopBackOff");
    let backsOff: Promise<unknown> | null = null;
    proxy.before = async ({ url }) => {
      if (/\/log\?.*follow=true/.test(url)) {
        backsOff ??= scene.until("it backs off", isBackingOff, 120);
        proxy.endStreams();
        return { status: 404, body: { kind: "Status", code: 404, reason: "NotFound", message: "no logs" } };
      }
      if (/\/pods\?.*watch=true/.test(url)) {
        await backsOff;
      }
      return undefined;
    };
    const { cause } = await scene.failsOver(old, "APP_EXITED", scene.tiny("crash"));
    expect(cause.exitCode).to.equal(3);
    expect(cause.lastLines.join("\n")).to.include("boom: no database");
    expect(proxy.calls.filter(({ url }) => /\/log\?.*previous=true/.test(url))).not.to.deep.equal([]);
  });

  it("more memory than it may use", async (scene) => {
    const spec = scene.tiny("greedy", { resources: { memory: 96 << 20 } });
    const { cause } = await scene.failsWith("OUT_OF_MEMORY", spec);
    expect(cause.exitCode).to.equal(137);
    expect(cause.message).to.include(`limit ${96 << 20} bytes`);
    expect(cause.lastLines.join("\n")).to.include("begins as greedy");
  });

  it("a command that is not there", async (scene) => {
    const { cause, failed, seconds } = await scene.failsWith(
      "COMMAND_NOT_FOUND",
      scene.spec({ command: ["no-such-program"] }),
    );
    expect(cause.message).to.include("no-such-program");
    expect(failed).to.deep.equal(["START"]);
    expect(seconds).to.be.lessThan(20);
  });

  it("a placement that no node has, in the scheduler's words", async (scene) => {
    const { cause, failed } = await scene.failsWith(
      "NO_SUITABLE_NODE",
      scene.tiny("", { placement: ["disk=ssd"] }),
    );
    expect(cause.message).to.match(/\d+\/\d+ nodes are available: \d+ node\(s\) didn't match/);
    expect(failed).to.deep.equal(["START"]);
  });

  it("a claim that nobody binds", async (scene) => {
    const volumes = [{ source: "data", target: "/data", shared: true }];
    const { cause } = await scene.failsWith("NO_SUITABLE_NODE", scene.tiny("", { volumes }));
    expect(cause.message).to.include("unbound immediate PersistentVolumeClaims");
  });

  it("a quota of the namespace, in admission's words", async (scene) => {
    const old = await scene.deploy(scene.target(scene.ref(), scene.tiny()));
    await scene.kubectl("create", "quota", "few", "--hard=pods=1");
    const { cause, seconds, failed } = await scene.failsOver(old, "ENGINE_REFUSED", scene.tiny());
    expect(cause.message).to.match(/exceeded quota: few, requested: pods=1, used: pods=1, limited: pods=1/);
    expect(failed).to.deep.equal(["START"]);
    expect(seconds).to.be.lessThan(20);
  });

  it("a limit of the namespace, in admission's words", async (scene) => {
    const old = await scene.deploy(scene.target(scene.ref(), scene.tiny()));
    await scene.apply({
      ...{ apiVersion: "v1", kind: "LimitRange", metadata: { name: "small" } },
      spec: { limits: [{ type: "Container", max: { memory: "64Mi" } }] },
    });
    const spec = scene.tiny("", { resources: { memory: 96 << 20 } });
    const { cause, seconds } = await scene.failsOver(old, "ENGINE_REFUSED", spec);
    expect(cause.message).to.include("maximum memory usage per Container is 64Mi");
    expect(seconds).to.be.lessThan(20);
  });

  it("not by what keeps old pods from being made again, when the new ones are", async (scene) => {
    const ref = scene.ref();
    const old = await scene.deploy(scene.target(ref, scene.tiny("", { resources: { memory: 256 << 20 } })));
    await scene.apply({
      ...{ apiVersion: "v1", kind: "LimitRange", metadata: { name: "small" } },
      spec: { limits: [{ type: "Container", max: { memory: "200Mi" } }] },
    });
    await scene.kubectl("delete", "--wait=false", "pod", "--all");
    await scene.until("no pod can be made", async () => {
      const { conditions = [] } = (await scene.deployment(ref)).status ?? {};
      return conditions.some(({ type, status }) => type === "ReplicaFailure" && status === "True");
    });
    const fields = { resources: { memory: 128 << 20 }, rollout: { monitor: 10 } };
    const next = scene.target(ref, scene.tiny("", fields));
    expect(await scene.replace(old, next)).to.deep.equal({ verdict: "SUCCEEDED", cause: null });
    await scene.expectStands(next);
  });

  it("nothing that listens", async (scene) => {
    const spec = scene.tiny("silent", { rollout: { deadline: 20 } });
    const { cause, failed } = await scene.failsWith("NOT_LISTENING", spec);
    expect(cause.message).to.include("does not listen on $REBAKE_PORT (3000)");
    expect(failed).to.deep.equal(["READY"]);
  });

  it("a probe that never passes", async (scene) => {
    const { cause, failed } = await scene.failsWith(
      "PROBE_FAILED",
      scene.tiny("refusing", { rollout: { deadline: 20 } }),
    );
    expect(cause.message).to.include("GET / answered 503");
    expect(cause.lastLines.join("\n")).to.include("begins as refusing");
    expect(failed).to.deep.equal(["READY"]);
  });

  it("one that is ready, and then is not well while it is watched", async (scene) => {
    const spec = scene.tiny("sickening", { rollout: { monitor: 60, deadline: 20 } });
    const { cause } = await scene.failsWith("PROBE_FAILED", spec);
    expect(cause.message).to.include("GET / answered 503");
    expect(cause.lastLines).to.include("not well");
  });

  it("an image without node", async (scene) => {
    const facts = { image: nginxImage, commit: commits.working };
    const { cause, failed } = await scene.failsWith("COMMAND_NOT_FOUND", fromSource(scene), facts);
    expect(cause.message).to.include(nginxImage).and.to.include("node, npm and git");
    expect(failed).to.deep.equal(["START"]);
  });

  it("a repository that is not there", async (scene) => {
    const repository = `${yard.repositories}/nowhere`;
    const spec = fromSource(scene, { source: { ...scene.source(), repository } });
    const { cause, failed } = await scene.failsWith("REPOSITORY_UNREACHABLE", spec, {
      commit: commits.working,
    });
    expect(cause.message).to.include(`${repository} does not exist, cannot be reached or refuses`);
    expect(cause.lastLines.join("\n")).to.include("not found");
    expect(failed).to.deep.equal(["FETCH_SOURCE"]);
  });

  it("dependencies that do not install", async (scene) => {
    const { cause, failed } = await scene.failsWith("INSTALL_FAILED", fromSource(scene), {
      commit: commits.failing,
    });
    expect(cause.exitCode).to.equal(7);
    expect(cause.lastLines.join("\n")).to.include("about to fail");
    expect(failed).to.deep.equal(["INSTALL"]);
  });

  it("an installation that does not end in time", async (scene) => {
    const spec = fromSource(scene, { rollout: { deadline: 20 } });
    const { cause, failed } = await scene.failsWith("DEADLINE_EXCEEDED", spec, { commit: commits.hanging });
    expect(cause.message).to.match(/Installing the dependencies took longer than 20 s/);
    expect(failed).to.deep.equal(["INSTALL"]);
  });

  it("a first deploy that the cluster does not take at all leaves nothing", async (scene) => {
    await scene.kubectl("create", "quota", "none", "--hard=count/deployments.apps=0");
    const next = scene.target(scene.ref(), scene.tiny());
    const { verdict, cause } = await scene.replace(null, next);
    expect(cause).to.include({ code: "ENGINE_REFUSED" });
    expect(cause!.message).to.match(/^The cluster refused the service: .*exceeded quota: none/);
    expect(verdict).to.equal("FAILED");
    expect(await scene.remains()).to.deep.equal([]);
  });

  it("one that was to be reached otherwise: the old one is reached as before", async (scene) => {
    const old = await scene.deploy(scene.target(scene.ref(), scene.tiny()));
    const reached = async () => (await scene.list<KubeService>("Service")).map(({ spec }) => spec);
    const before = await reached();
    const ports = [{ name: "web", target: 4000 }];
    await scene.failsOver(old, "APP_EXITED", scene.tiny("crash", { ports }));
    expect(await reached()).to.deep.equal(before);
    const rollout = { monitor: 10 };
    await scene.failsOver(old, "APP_EXITED", scene.tiny("crash", { ports: [], readiness: null, rollout }));
    const now = await reached();
    const atPods = (specs: KubeService["spec"][]) =>
      specs.map(({ ports, ...rest }) => ({
        ...rest,
        ports: ports?.map((port) => ({ ...port, targetPort: "" })),
      }));
    expect(atPods(now)).to.deep.equal(atPods(before));
    const { ports: published } = await scene.driver.inspect(old.ref);
    expect((await fetch(`http://${published[0]!.address}`)).status).to.equal(200);
  });

  it("one of several, after some were replaced: those that were left keep on", async (scene) => {
    const ASK = await tells(scene, (turn) => (turn === 2 || turn === 3 ? "crash" : ""));
    const ref = scene.ref();
    const old = await scene.deploy(scene.target(ref, scene.tiny(), { replicas: 3 }));
    const before = await scene.serving(ref);
    const sets = await scene.sets();
    const next = scene.target(ref, scene.tiny("asking", { env: { ASK } }), { replicas: 3 });
    const { verdict, cause } = await scene.replace(old, next, new Recorder());
    expect(cause, cause?.message).to.include({ code: "APP_EXITED", exitCode: 3 });
    expect(verdict).to.equal("ROLLED_BACK");
    const serving = await scene.serving(ref);
    expect(
      serving.filter((uid) => before.includes(uid)),
      await scene.history(),
    ).to.have.length(2);
    expect(serving).to.have.length(3);
    await scene.expectStands(old);
    const running = (await scene.sets()).filter(({ spec }) => spec.replicas !== 0);
    expect(running.map(({ metadata }) => metadata.uid)).to.deep.equal(
      sets.map(({ metadata }) => metadata.uid),
    );
  });
});
