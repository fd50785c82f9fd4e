import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect } from "chai";
import { OperationFailure } from "../../../src/errors.js";
import { appSource } from "../app-fixture.js";
import { hostAddress, registry } from "../machine.js";
import { httpProbe } from "../scene.js";
import type { Scene } from "./scene.js";
import { onSwarm } from "./yard.js";

const nope = { prefix: registry, name: "nope", tag: "1", pullPolicy: "ALWAYS" as const, credential: null };

onSwarm("failures on Swarm end early and say why", (it, yard) => {
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

  it("an image that its registry does not have, asked before anything is done", async ({ environmentId }) => {
    const begun = Date.now();
    const { signal } = new AbortController();
    const error: unknown = await yard.driver.pinImage(environmentId, nope, null, signal).catch((e) => e);
    expect(error).to.be.instanceOf(OperationFailure);
    expect((error as OperationFailure).cause).to.include({ code: "IMAGE_NOT_FOUND" });
    expect((error as OperationFailure).message).to.include(`${registry}/nope:1`);
    expect(Date.now() - begun).to.be.lessThan(15_000);
  });

  it("an image that went after it was pinned, found by the task", async (scene) => {
    const image = `${registry}/nope@sha256:${"ab".repeat(32)}`;
    const { seconds, cause } = await scene.failsWith("IMAGE_NOT_FOUND", scene.tiny(), { image });
    expect(seconds).to.be.lessThan(15);
    expect(cause.message).to.include(image);
  });

  it("a recipe without an image", async (scene) => {
    const { cause } = await scene.failsWith("SPEC_INVALID", scene.tiny(), { image: null });
    expect(cause.message).to.include("names no image");
  });

  it("an image without node", async (scene) => {
    const facts = { image: yard.nginx, commit: commits.working };
    const { cause, failed, seconds } = await scene.failsWith("COMMAND_NOT_FOUND", fromSource(scene), facts);
    expect(cause.message).to.include(yard.nginx).and.to.include("node, npm and git");
    expect(failed).to.deep.equal(["START"]);
    expect(seconds).to.be.lessThan(20);
  });

  it("an image without git", async (scene) => {
    const spec = fromSource(scene, { env: { PATH: "/usr/local/bin" } });
    const { cause, failed } = await scene.failsWith("COMMAND_NOT_FOUND", spec, { commit: commits.working });
    expect(cause.message).to.match(/git cannot be executed.*use an image that has node, npm and git/);
    expect(failed).to.deep.equal(["FETCH_SOURCE"]);
  });

  it("a clone that is refused", async (scene) => {
    const asked: (string | undefined)[] = [];
    const server = createServer((request, response) => {
      asked.push(request.headers.authorization);
      response.writeHead(401, { "www-authenticate": 'Basic realm="git"' }).end();
    });
    await new Promise<void>((resolve) => server.listen(0, hostAddress, resolve));
    scene.closing(() => {
      server.close();
      server.closeAllConnections();
    });
    const repository = `http://${hostAddress}:${(server.address() as AddressInfo).port}/app`;
    const spec = fromSource(scene, { source: { ...scene.source(), repository } });
    const gitCredential = { username: "joe", password: "Wrong-0451-Lemur" };
    const facts = { commit: commits.working, gitCredential };
    const { cause, failed } = await scene.failsWith("REPOSITORY_UNREACHABLE", spec, facts);
    expect(cause.message).to.include(`${repository} does not exist, cannot be reached or refuses`);
    expect(cause.lastLines.join("\n")).to.include("Authentication failed");
    expect(failed).to.deep.equal(["FETCH_SOURCE"]);
    expect(JSON.stringify(cause)).not.to.include(gitCredential.password);
    const basic = `Basic ${Buffer.from(`joe:${gitCredential.password}`).toString("base64")}`;
    expect(asked).to.include(basic);
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
    const spec = fromSource(scene, { rollout: { deadline: 15 } });
    const { cause, failed, seconds } = await scene.failsWith("DEADLINE_EXCEEDED", spec, {
      commit: commits.hanging,
    });
    expect(cause.message).to.match(/Installing the dependencies took longer than 15 s/);
    expect(failed).to.deep.equal(["INSTALL"]);
    expect(seconds).to.be.lessThan(60);
  });

  it("a crash at start", async (scene) => {
    const { cause, failed } = await scene.failsWith("APP_EXITED", scene.tiny("crash"));
    expect(cause.exitCode).to.equal(3);
    expect(cause.message).to.include("exit code 3");
    expect(cause.lastLines).to.deep.equal(["begins as crash version  instance 1", "boom: no database"]);
    expect(failed).to.deep.equal(["READY"]);
  });

  it("more memory than it may use", async (scene) => {
    const spec = scene.tiny("greedy", { resources: { memory: 96 << 20 } });
    const { cause } = await scene.failsWith("OUT_OF_MEMORY", spec);
    expect(cause.exitCode).to.equal(137);
    expect(cause.message).to.include(`limit ${96 << 20} bytes`);
    expect(cause.lastLines.join("\n")).to.include("begins as greedy");
  });

  it("nothing that listens", async (scene) => {
    const spec = scene.tiny("silent", { readiness: httpProbe, rollout: { deadline: 8 } });
    const { cause, failed } = await scene.failsWith("NOT_LISTENING", spec);
    expect(cause.message).to.include("does not listen on $REBAKE_PORT (3000)");
    expect(failed).to.deep.equal(["READY"]);
  });

  it("a probe that never passes", async (scene) => {
    const spec = scene.tiny("refusing", { readiness: httpProbe, rollout: { deadline: 8 } });
    const { cause, failed } = await scene.failsWith("PROBE_FAILED", spec);
    expect(cause.message).to.match(/readiness probe did not pass \(.*503/);
    expect(failed).to.deep.equal(["READY"]);
  });

  it("one that is ready, and then is not well while it is watched", async (scene) => {
    const ref = scene.ref();
    const old = await scene.deploy(scene.target(ref, scene.tiny()));
    const spec = scene.tiny("sickening", { readiness: httpProbe, rollout: { monitor: 60 } });
    const { verdict, cause } = await scene.replace(old, scene.target(ref, spec));
    expect(cause).to.include({ code: "PROBE_FAILED" });
    // The engine lets the old one go as soon as the new one is ready.
    expect(verdict).to.equal("ROLLED_BACK");
    expect(cause!.message, JSON.stringify(cause)).to.match(/readiness probe did not pass \(.*503/);
    expect(cause!.lastLines).to.include("not well");
    await scene.expectStands(old);
  });
});
