import { expect } from "chai";
import { WebSocket } from "ws";
import { quick, Recorder, specOf, targetOf, until } from "../bench.js";
import { Load } from "../load.js";
import type { AddCase, Rig } from "./rig.js";

/** What a deployment is and does. */
export function deploying(it: AddCase, rig: Rig): void {
  const { ref, app, env, replace, deploy, version } = rig;

  it("deploys and reports every step", async () => {
    const report = new Recorder();
    const target = targetOf(ref(), app({ command: null }), { commit: rig.first });
    expect(await replace(null, target, report)).to.deep.equal({ verdict: "SUCCEEDED", cause: null });
    expect(report.summary()).to.deep.equal([
      "FETCH_SOURCE DONE",
      "INSTALL DONE",
      "START DONE",
      "READY DONE",
      "CUT_OVER DONE",
      "TERMINATE_OLD SKIPPED",
    ]);
    const observed = await rig.bench.driver.inspect(target.ref);
    expect(observed.state).to.equal("RUNNING");
    expect(observed.fingerprint).to.equal(target.fingerprint);
    expect(await version(target.ref)).to.equal("one");
    expect(report.lines.some(({ line, instance }) => instance === 1 && line.includes("listening"))).to.equal(
      true,
    );
  });

  it("applies every field it projects", async () => {
    process.env.SERVER_SECRET = "of the server";
    const service = ref();
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
        { name: "http", target: 3000, published: null },
        { name: "admin-ui", target: 3001, published: rig.row.ports.to },
      ],
    });
    const folder = await rig.repository.commit({ "folder/keep": "" });
    const secrets = new Map([["s1", "hush hush"]]);
    const report = new Recorder();
    expect(
      await replace(null, targetOf(service, spec, { commit: folder, secrets }), report),
    ).to.have.property("verdict", "SUCCEEDED");
    const seen = await rig.bench.json(service, "/env");
    expect(seen).to.include({
      PLAIN: "a=b=c",
      TOKEN: "Bearer hush hush",
      WHERE: "DEV/orders",
      REBAKE_COMMIT: folder,
      REBAKE_INSTANCE: "1",
      REBAKE_BRANCH: "main",
    });
    expect(seen.ADMIN).to.match(/^\d+$/).and.equal(seen.REBAKE_PORT_ADMIN_UI);
    expect(seen).not.to.have.property("SERVER_SECRET");
    const about = await rig.bench.json(service, "/about");
    expect(about.cwd).to.match(/folder$/);
    expect(about.argv).to.deep.equal(["--flag=a=b"]);
    expect((await rig.bench.json(service, "/file?path=/etc/app.conf")).text).to.equal("key=hush hush");
    const { ports } = await rig.bench.driver.inspect(service);
    expect(ports.map(({ name, published }) => [name, name === "http" ? 0 : published])).to.deep.equal([
      ["http", 0],
      ["admin-ui", rig.row.ports.to],
    ]);
    expect(JSON.stringify([report.lines, report.steps])).not.to.include("hush hush");
  });

  it("names what it does not apply", () => {
    const image = { prefix: null, name: "node", tag: "20", pullPolicy: "NEVER" as const, credential: null };
    const { spec, ignored } = rig.bench.driver.project(
      specOf({
        image,
        workingDir: "/srv",
        networks: ["back"],
        resources: { memory: 5_000_000, cpus: null },
      }),
    );
    expect(ignored).to.deep.equal(["image", "networks", "resources.memory", "workingDir"]);
    expect(spec).to.include({ image: null, workingDir: null, resources: null });
    expect(rig.bench.driver.project(spec)).to.deep.equal({ spec, ignored: [] });
  });

  it("serves from the old one until the new one is ready, under load", async () => {
    const service = ref();
    const old = await deploy(targetOf(service, app(), { commit: rig.first, replicas: 2 }));
    const url = await rig.bench.url(service);
    const load = new Load(url);
    load.begin();
    const slow = fetch(`${url}/slow?ms=3000`).then((response) => response.text());
    const socket = new WebSocket(url.replace("http", "ws"));
    const messages: string[] = [];
    socket.on("message", (data) => messages.push(data.toString()));
    const closed = new Promise<number>((resolve) => socket.once("close", resolve));
    await until("the socket is open", () => messages.length === 1);
    const replaced = replace(old, targetOf(service, app(), { commit: rig.second, replicas: 2 }));
    await until("the new one answers", async () => (await (await fetch(url)).text()) === "two");
    socket.send("still there?");
    await until("an answer of the old one", () => messages.includes("still there?"));
    expect(await replaced).to.have.property("verdict", "SUCCEEDED");
    expect(await slow).to.equal("one");
    expect(await closed).to.equal(1001);
    const result = await load.end();
    expect(result.failures).to.deep.equal([]);
    expect(result.count).to.be.greaterThan(200);
  });

  it("rebuilds with new code only", async () => {
    const service = ref();
    const old = await deploy(targetOf(service, app(), { commit: rig.first }));
    const url = await rig.bench.url(service);
    const report = new Recorder();
    await replace(old, targetOf(service, app(), { commit: rig.second }), report);
    expect(await version(service)).to.equal("two");
    expect(await rig.bench.url(service)).to.equal(url);
    expect(report.steps.find(({ step, state }) => step === "INSTALL" && state === "DONE")?.detail).to.equal(
      "from cache",
    );
  });

  it("runs three replicas at one commit and balances over them", async () => {
    const service = ref();
    await deploy(targetOf(service, app(), { commit: rig.second, replicas: 3 }));
    const seen = await Promise.all(Array.from({ length: 12 }, () => rig.bench.json(service, "/about")));
    expect(new Set(seen.map(({ instance }) => instance))).to.deep.equal(new Set(["1", "2", "3"]));
    expect(new Set(seen.map(({ commit }) => commit))).to.deep.equal(new Set([rig.second]));
  });

  it("says UNPROVEN without a probe", async () => {
    const service = ref();
    await deploy(targetOf(service, app({ readiness: null }), { commit: rig.first }));
    expect(await version(service)).to.equal("one");
  });

  it("runs a daemon without ports", async () => {
    const service = ref();
    const daemon = {
      command: ["node", "daemon.mjs"],
      ports: [],
      readiness: null,
      rollout: { ...quick, monitor: 1 },
    };
    await deploy(targetOf(service, app(daemon), { commit: rig.first }));
    const observed = await rig.bench.driver.inspect(service);
    expect(observed).to.include({ state: "RUNNING" });
    expect(observed.ports).to.deep.equal([]);
    const crashing = app({ ...daemon, env: env({ MODE: "crash" }) });
    const outcome = await replace(null, targetOf(service, crashing, { commit: rig.second }));
    expect(outcome).to.have.property("verdict", "FAILED");
    expect(outcome.cause).to.include({ code: "APP_EXITED", exitCode: 5 });
  });
}
