import { createServer } from "node:net";
import { expect } from "chai";
import { quick } from "../bench.js";
import type { AddCase, Rig } from "./rig.js";

/** What goes wrong has its code, and the old one answers as before. */
export function failing(it: AddCase, rig: Rig): void {
  const { source, app, env, failsWith } = rig;

  it("fails when the repository is not there", () =>
    failsWith(
      "REPOSITORY_UNREACHABLE",
      app({ source: { ...source(), repository: `file://${rig.bench.home}/nowhere` } }),
      rig.first,
    ));
  it("fails when the commit is not there", () => failsWith("REF_NOT_FOUND", app(), "1".repeat(40)));
  it("fails when a dependency does not exist", () =>
    failsWith("DEPENDENCY_NOT_FOUND", app(), rig.broken.dependency!));
  it("fails when package.json is no JSON", () => failsWith("PACKAGE_JSON_INVALID", app(), rig.broken.json!));
  it("fails when npm start has no package.json", () =>
    failsWith("PACKAGE_JSON_MISSING", app({ command: null }), rig.broken.missing!));
  it("fails when an install script fails", async () => {
    const { cause } = await failsWith("INSTALL_FAILED", app(), rig.broken.script!);
    expect(cause!.lastLines.join("\n")).to.include("about to fail");
  });
  it("fails when the command is not there", () =>
    failsWith("COMMAND_NOT_FOUND", app({ command: ["no-such-program"] }), rig.first));
  it("fails when the app crashes at its start", async () => {
    const { cause } = await failsWith("APP_EXITED", app({ env: env({ MODE: "crash" }) }), rig.second);
    expect(cause).to.include({ exitCode: 3 });
    expect(cause!.lastLines).to.include("boom: no database");
  });
  it("fails when the app never listens", async () => {
    const { cause } = await failsWith(
      "NOT_LISTENING",
      app({ env: env({ MODE: "silent" }), rollout: { ...quick, deadline: 2 } }),
      rig.second,
    );
    expect(cause!.message).to.include("$REBAKE_PORT");
  });
  it("fails when the probe gets a 500", async () => {
    const { cause } = await failsWith(
      "PROBE_FAILED",
      app({ env: env({ MODE: "500" }), rollout: { ...quick, deadline: 2 } }),
      rig.second,
    );
    expect(cause!.message).to.include("GET /health answered 500");
  });
  it("fails when a step takes longer than its deadline", async () => {
    await rig.repository.git("checkout", "--quiet", "broken");
    const hanging = await rig.repository.commit({
      "package.json": JSON.stringify({
        name: "a",
        version: "1.0.0",
        scripts: { preinstall: "sleep 1000" },
      }),
    });
    await failsWith("DEADLINE_EXCEEDED", app({ rollout: { ...quick, deadline: 3 } }), hanging);
    await rig.repository.git("checkout", "--quiet", "main");
  });
  it("fails when the published port is taken", async () => {
    const squatter = createServer().listen(rig.row.ports.to - 1, "127.0.0.1");
    try {
      await failsWith(
        "PORT_TAKEN",
        app({ ports: [{ name: "http", target: 3000, published: rig.row.ports.to - 1 }] }),
        rig.first,
      );
    } finally {
      squatter.close();
    }
  });
}
