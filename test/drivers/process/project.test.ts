import { expect } from "chai";
import { project } from "../../../src/drivers/process/project.js";
import { specOf } from "../bench.js";

describe("what PROCESS applies of a spec", () => {
  it("is everything that needs no engine", () => {
    const spec = specOf({
      command: ["x"],
      args: ["y"],
      workingDir: "a/b",
      restart: { condition: "NONE", maxAttempts: 3 },
    });
    expect(project(spec)).to.deep.equal({ spec, ignored: [] });
  });

  it("leaves out and names the rest", () => {
    const spec = specOf({
      ports: [
        { name: "dns", target: 53, protocol: "UDP", published: null },
        { name: "http", target: 80, published: null, preserveClientIp: true },
      ],
      volumes: [{ source: "data", target: "/data" }],
      labels: [{ name: "a", value: "b" }],
      annotations: [{ name: "a", value: "b" }],
      placement: ["node.role==worker"],
      endpointMode: "VIP",
      serviceAccount: "runner",
      resources: { memory: null, cpus: 0.5 },
      rollout: { parallelism: 2 },
    });
    const { ignored, spec: projected } = project(spec);
    expect(ignored).to.deep.equal([
      "annotations",
      "endpointMode",
      "labels",
      "placement",
      "ports.dns",
      "ports.http.preserveClientIp",
      "resources.cpus",
      "rollout.parallelism",
      "serviceAccount",
      "volumes",
    ]);
    expect(project(projected)).to.deep.equal({ spec: projected, ignored: [] });
    expect(projected.ports.map(({ name }) => name)).to.deep.equal(["http"]);
  });

  it("treats resources without limits as none", () => {
    expect(project(specOf({ resources: { memory: null, cpus: null } })).ignored).to.deep.equal([]);
  });
});
