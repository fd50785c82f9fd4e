import { expect } from "chai";
import { WebSocket } from "ws";
import { Recorder, specOf } from "../bench.js";
import type { Rig } from "./rig.js";
import type { AddCase } from "./stage.js";

/** What a deployment is and does. */
export function deploying(it: AddCase, rig: Rig): void {
  it("deploys and reports every step", async ({ ref, app, target, replace, inspect, version }) => {
    const report = new Recorder();
    const made = target(ref(), app({ command: null }), { commit: rig.first });
    expect(await replace(null, made, report)).to.deep.equal({ verdict: "SUCCEEDED", cause: null });
    expect(report.summary()).to.deep.equal([
      "FETCH_SOURCE DONE",
      "INSTALL DONE",
      "START DONE",
      "READY DONE",
      "CUT_OVER DONE",
      "TERMINATE_OLD SKIPPED",
    ]);
    const observed = await inspect(made.ref);
    expect(observed.state).to.equal("RUNNING");
    expect(observed.fingerprint).to.equal(made.fingerprint);
    expect(observed.drifted).to.equal(false);
    expect(await version(made.ref)).to.equal("one");
    expect(report.lines.some(({ line, instance }) => instance === 1 && line.includes("listening"))).to.equal(
      true,
    );
  });

  it("applies every field it projects", async (stage) => {
    const { ref, app, target, replace, json, about, inspect, instances } = stage;
    process.env.SERVER_SECRET = "of the server";
    const service = ref();
    const [published] = rig.row.sparePorts;
    const spec = app({
      command: ["node"],
      args: ["../server.mjs", "--flag=a=b"],
      workingDir: "folder",
      env: [
        { name: "PLAIN", value: ["a=b=c"] },
        { name: "TOKEN", value: ["Bearer ", { secret: "s1" }] },
        { name: "WHERE", value: [{ computed: "REBAKE_ENVIRONMENT" }, "/", { computed: "REBAKE_SERVICE" }] },
        { name: "ADMIN", value: [{ computed: "REBAKE_PORT_ADMIN_UI" }] },
      ],
      files: [{ path: "/etc/app.conf", content: ["key=", { secret: "s1" }], mode: "0600" }],
      ports: [
        { name: "http", target: 3000, published: null, ...rig.row.port },
        { name: "admin-ui", target: 3001, published, ...rig.row.port },
      ],
    });
    const secrets = new Map([["s1", "hush hush"]]);
    const report = new Recorder();
    const made = target(service, spec, { commit: rig.nested, secrets });
    expect(await replace(null, made, report)).to.deep.equal({ verdict: "SUCCEEDED", cause: null });
    const seen = await json(service, "/env");
    const [instance] = await instances(service, 1);
    expect(seen).to.include({
      PLAIN: "a=b=c",
      TOKEN: "Bearer hush hush",
      WHERE: `DEV/${service.name}`,
      REBAKE_COMMIT: rig.nested,
      REBAKE_INSTANCE: instance,
      REBAKE_BRANCH: "main",
    });
    expect(seen.ADMIN).to.match(/^\d+$/).and.equal(seen.REBAKE_PORT_ADMIN_UI);
    expect(seen).not.to.have.property("SERVER_SECRET");
    const { cwd, argv } = await about(service);
    expect(cwd).to.match(/folder$/);
    expect(argv).to.deep.equal(["--flag=a=b"]);
    expect((await json(service, "/file?path=/etc/app.conf")).text).to.equal("key=hush hush");
    const { ports } = await inspect(service);
    expect(ports.map(({ name, published }) => [name, name === "http" ? 0 : published])).to.deep.equal([
      ["http", 0],
      ["admin-ui", published],
    ]);
    expect(JSON.stringify([report.lines, report.steps])).not.to.include("hush hush");
  });

  it("names what it does not apply", () => {
    const { fields, ignored, left } = rig.row.unapplied;
    const projected = rig.driver.project(specOf(fields));
    expect(projected.ignored).to.deep.equal(ignored);
    expect(projected.spec).to.deep.include(left);
    expect(rig.driver.project(projected.spec)).to.deep.equal({ spec: projected.spec, ignored: [] });
  });

  it("serves from the old one until the new one is ready, under load", async ({
    ref,
    app,
    target,
    deploy,
    replace,
    url,
    until,
    beginLoad,
    ask,
  }) => {
    const service = ref();
    const old = await deploy(target(service, app(), { commit: rig.first, replicas: 2 }));
    const address = await url(service);
    const load = beginLoad(address);
    const slow = ask(`${address}/slow?ms=3000`).then((response) => response.text());
    const socket = new WebSocket(address.replace("http", "ws"));
    const messages: string[] = [];
    socket.on("message", (data) => messages.push(data.toString()));
    const closed = new Promise<number>((resolve) => socket.once("close", resolve));
    await until("the socket is open", () => messages.length === 1);
    const replaced = replace(old, target(service, app(), { commit: rig.second, replicas: 2 }));
    await until("the new one answers", async () => (await (await ask(address)).text()) === "two");
    socket.send("still there?");
    await until("an answer of the old one", () => messages.includes("still there?"));
    expect(await replaced).to.have.property("verdict", "SUCCEEDED");
    expect(await slow).to.equal("one");
    expect(await closed).to.equal(1001);
    expect(await load.endUnfailed()).to.be.greaterThan(200);
  });

  it("rebuilds with new code only", async ({ ref, app, target, deploy, replace, url, version }) => {
    const service = ref();
    const old = await deploy(target(service, app(), { commit: rig.first }));
    const address = await url(service);
    const report = new Recorder();
    await replace(old, target(service, app(), { commit: rig.second }), report);
    expect(await version(service)).to.equal("two");
    expect(await url(service)).to.equal(address);
    const installed = report.steps.find(({ step, state }) => step === "INSTALL" && state === "DONE");
    expect(installed?.detail).to.match(rig.row.cachedInstall);
  });

  it("runs three replicas at one commit and balances over them", async ({
    ref,
    app,
    target,
    deploy,
    about,
    instances,
    until,
  }) => {
    const service = ref();
    await deploy(target(service, app(), { commit: rig.second, replicas: 3 }));
    const all = await instances(service, 3);
    const met = new Map<string, string>();
    // A busy node learns of the last ones a moment later.
    await until("all were met", async () => {
      const requests = Array.from({ length: rig.row.requestsToMeetAll }, () => about(service));
      for (const { instance, commit } of await Promise.all(requests)) {
        met.set(instance, commit);
      }
      return met.size >= all.size;
    });
    expect(new Set(met.keys())).to.deep.equal(all);
    expect(new Set(met.values())).to.deep.equal(new Set([rig.second]));
  });

  it("says UNPROVEN without a probe, and serves meanwhile", async (stage) => {
    const { ref, app, target, deploy, replace, url, version, beginLoad } = stage;
    const service = ref();
    const old = await deploy(target(service, app({ readiness: null }), { commit: rig.first }));
    expect(await version(service)).to.equal("one");
    const load = beginLoad(await url(service));
    const outcome = await replace(old, target(service, app({ readiness: null }), { commit: rig.second }));
    await load.endUnfailed();
    expect(outcome).to.deep.equal({ verdict: "UNPROVEN", cause: null });
    expect(await version(service)).to.equal("two");
  });

  it("runs a daemon without ports", async ({ ref, app, env, target, deploy, replace, inspect }) => {
    const service = ref();
    const daemon = {
      command: ["node", "daemon.mjs"],
      ports: [],
      readiness: null,
      // Long enough for a busy machine to have it started and crashed.
      rollout: { monitor: 8 },
    };
    const old = await deploy(target(service, app(daemon), { commit: rig.first }));
    const observed = await inspect(service);
    expect(observed).to.include({ state: "RUNNING" });
    expect(observed.ports).to.deep.equal([]);
    const crashing = app({ ...daemon, env: env({ MODE: "crash" }) });
    const outcome = await replace(old, target(service, crashing, { commit: rig.second }));
    expect(outcome).to.have.property("verdict", "FAILED");
    expect(outcome.cause).to.include({ code: "APP_EXITED", exitCode: 5 });
    expect((await inspect(service)).operationId).to.equal(old.stamp.operationId);
  });

  it("keeps services of one name in two environments apart", async ({
    ref,
    app,
    target,
    deploy,
    tasks,
    remove,
    places,
    ask,
  }) => {
    const own = ref();
    const other = ref({ name: own.name, environment: "STG", environmentId: `${own.environmentId}0` });
    const made = await Promise.all([
      deploy(target(own, app(), { commit: rig.first })),
      deploy(target(other, app(), { commit: rig.second })),
    ]);
    const answers = () =>
      Promise.all(made.map(async (one) => (await ask(`http://${(await tasks(one))[0]!.address}/`)).text()));
    expect(await answers()).to.deep.equal(["one", "two"]);
    const before = await places(other);
    await remove(own);
    expect(await rig.ground.remains(own)).to.deep.equal([]);
    expect(await places(other)).to.deep.equal(before);
  });
}
