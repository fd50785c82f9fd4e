import { expect } from "chai";
import type { ProbeSpec } from "../../../src/drivers/kubernetes/api-types.js";
import { livenessOf, readinessOf } from "../../../src/drivers/kubernetes/probes.js";
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

  it("are one of the main port for an app that the deployer starts, and none else, where the recipe has none", () => {
    const spec = specOf({ ports });
    expect(readinessOf(spec, true)).to.deep.include({ tcpSocket: { port: 80 }, periodSeconds: 1 });
    expect(readinessOf(spec, false)).to.equal(undefined);
    expect(livenessOf(spec, true)).to.equal(undefined);
    expect(readinessOf(specOf({ ports: [ports[0]!] }), true)).to.equal(undefined);
    expect(readinessOf(specOf({}), true)).to.equal(undefined);
  });
});
