import { expect } from "chai";
import type { ProbeSpec } from "../../../src/drivers/kubernetes/api-types.js";
import { healthOf, livenessOf, readinessOf } from "../../../src/drivers/kubernetes/probes.js";
import { type SpecFields, specOf } from "../bench.js";

const ports = [
  { name: "dns", target: 53, protocol: "UDP" as const },
  { name: "http", target: 80 },
  { name: "admin", target: 81 },
];
const ways = {
  root: { httpGet: {}, tcp: null, exec: null },
  admin: { httpGet: { path: "/ok?a=$(B)", port: "admin" }, tcp: null, exec: null },
  socket: { httpGet: null, tcp: { port: null }, exec: null },
  command: { httpGet: null, tcp: null, exec: { command: ["is", "$(OK)"] } },
};
const usual = {
  initialDelaySeconds: 0,
  periodSeconds: 5,
  timeoutSeconds: 5,
  successThreshold: 1,
  failureThreshold: 3,
};

function probes(way: SpecFields["readiness"], hasDeployer: boolean): (ProbeSpec | undefined)[] {
  const spec = specOf({ ports, readiness: way, liveness: way });
  return [readinessOf(spec, hasDeployer), livenessOf(spec, hasDeployer)];
}

describe("probes on Kubernetes", () => {
  it("ask the main TCP port, or the one they name", () => {
    for (const hasDeployer of [false, true]) {
      const main = { httpGet: { path: "/", port: 80, scheme: "HTTP" }, ...usual };
      expect(probes(ways.root, hasDeployer)).to.deep.equal([main, main]);
      const named = { httpGet: { path: "/ok?a=$(B)", port: 81, scheme: "HTTP" }, ...usual };
      expect(probes(ways.admin, hasDeployer)).to.deep.equal([named, named]);
      const socket = { tcpSocket: { port: 80 }, ...usual };
      expect(probes(ways.socket, hasDeployer)).to.deep.equal([socket, socket]);
    }
  });

  it("take their timing from the recipe", () => {
    const [probe] = probes(
      {
        ...ways.root,
        ...{ initialDelay: 1, period: 2, timeout: 3, successThreshold: 4, failureThreshold: 5 },
      },
      false,
    );
    expect(probe).to.include({
      initialDelaySeconds: 1,
      periodSeconds: 2,
      timeoutSeconds: 3,
      successThreshold: 4,
      failureThreshold: 5,
    });
  });

  it("run a command as it is, or by the deployer, which has the app's environment and keeps to the time", () => {
    const [alone] = probes(ways.command, false);
    expect(alone).to.deep.equal({ exec: { command: ["is", "$(OK)"] }, ...usual });
    const [byDeployer] = probes(ways.command, true);
    const [node, program, option, job] = byDeployer!.exec!.command;
    expect([node, program, option]).to.deep.equal(["node", "/rebake/deployer.mjs", "--probe"]);
    expect(JSON.parse(job!)).to.deep.equal({ exec: ["is", "$(OK)"], timeoutMs: 5_000 });
    expect(byDeployer!.timeoutSeconds).to.be.greaterThan(5);
  });

  it("are what the deployer says of an app that it starts, where the recipe has none, and none else", () => {
    const spec = specOf({ ports });
    const [shell, option, script] = readinessOf(spec, true)!.exec!.command;
    expect([shell, option]).to.deep.equal(["/bin/sh", "-c"]);
    expect(script).to.include(healthOf(spec)!.file);
    expect(readinessOf(spec, false)).to.equal(undefined);
    expect(livenessOf(spec, true)).to.equal(undefined);
  });

  it("have the deployer try the main port of an app without a probe, and take it for begun without one", () => {
    expect(healthOf(specOf({ ports }))!.probe).to.deep.include({ tcp: true, port: 80 });
    expect(healthOf(specOf({}))).to.include({ probe: null, settleSeconds: 0 });
    expect(healthOf(specOf({ ports, readiness: ways.root }))).to.equal(null);
  });
});
