import { expect } from "chai";
import { OperationFailure } from "../../../src/errors.js";
import { healthProbe } from "../bench.js";
import type { Rig } from "./rig.js";
import type { AddCase } from "./stage.js";

/** Seconds in which an image that does not exist is to be told. */
const imageDeadline = 15;

/** What goes wrong has its code, and the old one answers as before. */
export function failing(it: AddCase, rig: Rig): void {
  const short = { deadline: rig.row.shortDeadline };

  it("fails when the repository is not there", ({ failsWith, app, source }) =>
    failsWith("REPOSITORY_UNREACHABLE", app({ source: source("nowhere") }), rig.first));
  it("fails when the commit is not there", ({ failsWith, app }) =>
    failsWith("REF_NOT_FOUND", app(), "1".repeat(40)));
  it("fails when a dependency does not exist", ({ failsWith, app }) =>
    failsWith("DEPENDENCY_NOT_FOUND", app(), rig.broken.dependency));
  it("fails when package.json is no JSON", ({ failsWith, app }) =>
    failsWith("PACKAGE_JSON_INVALID", app(), rig.broken.json));
  it("fails when npm start has no package.json", ({ failsWith, app }) =>
    failsWith("PACKAGE_JSON_MISSING", app({ command: null }), rig.broken.missing));
  it("fails when an install script fails", async ({ failsWith, app }) => {
    const { cause } = await failsWith("INSTALL_FAILED", app(), rig.broken.script);
    expect(cause!.lastLines.join("\n")).to.include("about to fail");
  });
  it("fails when the command is not there", ({ failsWith, app }) =>
    failsWith("COMMAND_NOT_FOUND", app({ command: ["no-such-program"] }), rig.first));
  it("fails when the app crashes at its start", async ({ failsWith, app, env }) => {
    const { cause } = await failsWith("APP_EXITED", app({ env: env({ MODE: "crash" }) }), rig.second);
    expect(cause).to.include({ exitCode: 3 });
    expect(cause!.lastLines).to.include("boom: no database");
  });
  it("fails when the app never listens", async ({ failsWith, app, env }) => {
    const silent = app({ env: env({ MODE: "silent" }), rollout: short });
    const { cause } = await failsWith("NOT_LISTENING", silent, rig.second);
    expect(cause!.message).to.include("$REBAKE_PORT");
  });
  it("fails when the probe gets a 500", async ({ failsWith, app, env }) => {
    // An engine that ends what is not healthy must not make it look as if the app had ended by itself.
    const readiness = { ...healthProbe, ...rig.row.probe, failureThreshold: 1 };
    const sick = app({ env: env({ MODE: "500" }), readiness, rollout: short });
    const { cause } = await failsWith("PROBE_FAILED", sick, rig.second);
    expect(cause!.message).to.include("GET /health answered 500");
  });
  it("fails when a step takes longer than its deadline", ({ failsWith, app }) =>
    failsWith("DEADLINE_EXCEEDED", app({ rollout: short }), rig.broken.hanging));
  it("fails when the published port is taken", async ({ failsWith, app }) => {
    const { fields, release } = await rig.ground.takePort(rig.row.sparePorts[1]);
    try {
      const { cause } = await failsWith("PORT_TAKEN", app(fields), rig.first);
      expect(cause!.message).to.include(String(rig.row.sparePorts[1]));
    } finally {
      await release();
    }
  });

  it("says early that an image is not there, where images matter", async ({
    ref,
    app,
    target,
    failsWith,
    deploy,
    version,
  }) => {
    const { image, pinned, matters } = rig.row.missingImage;
    const { signal } = new AbortController();
    const pin = rig.driver.pinImage(rig.row.environmentId, image, null, signal);
    if (!matters) {
      expect(await pin).to.equal(null);
      const service = ref();
      await deploy(target(service, app({ image }), { commit: rig.first }));
      expect(await version(service)).to.equal("one");
      return;
    }
    const refused = await pin.catch((error: unknown) => error);
    expect(refused).to.be.instanceOf(OperationFailure);
    expect((refused as OperationFailure).cause.code).to.equal("IMAGE_NOT_FOUND");
    const { seconds } = await failsWith("IMAGE_NOT_FOUND", app({ image }), rig.first, { image: pinned });
    expect(seconds).to.be.lessThan(imageDeadline);
  });
}
