import { expect } from "chai";
import type { EngineNode } from "../../../src/drivers/swarm/engine-types.js";
import { unplaceable } from "../../../src/drivers/swarm/placement.js";
import { downtime, project } from "../../../src/drivers/swarm/project.js";
import { specOf } from "../bench.js";

const node = (ID: string, Role: string, Labels?: Record<string, string>): EngineNode => ({
  ID,
  Description: { Hostname: `host-${ID}` },
  Status: { State: "ready", Addr: "10.0.0.1" },
  Spec: { Availability: "active", Role, ...(Labels && { Labels }) },
});
const nodes = [node("a", "manager"), node("b", "worker", { Disk: "ssd", zone: "north" })];
const fits = (...constraints: string[]) => unplaceable(constraints, nodes) === null;

describe("placement on a swarm", () => {
  it("is found to fit no node, as the engine would find", () => {
    expect(fits()).to.equal(true);
    expect(fits("node.role == manager")).to.equal(true);
    expect(fits("node.role==Worker", "node.labels.zone==NORTH")).to.equal(true);
    expect(fits("node.role == manager", "node.labels.zone == north")).to.equal(false);
    expect(fits("node.labels.disk == ssd")).to.equal(false);
    expect(fits("node.labels.Disk != ssd")).to.equal(true);
    expect(fits("node.id == a", "node.hostname != host-a")).to.equal(false);
    expect(fits("node.hostname == host-b")).to.equal(true);
  });

  it("is the engine's to judge where it is not understood", () => {
    expect(fits("node.platform.os == plan9", "engine.labels.x == y", "nonsense")).to.equal(true);
    expect(unplaceable(["node.role == nobody"], [])).to.equal(null);
  });

  it("names what does not fit", () => {
    const { cause } = unplaceable(["node.labels.gpu == yes"], nodes)!;
    expect(cause).to.include({ code: "NO_SUITABLE_NODE" });
    expect(cause.message).to.include("(node.labels.gpu == yes)");
  });

  it("that becomes narrower is said to be able to mean downtime", () => {
    const spec = (...placement: string[]) => project(specOf({ placement })).spec;
    expect(downtime(spec(), spec("node.role == worker"))).to.include("node.role == worker");
    expect(downtime(spec("node.role == worker"), spec())).to.equal(null);
    expect(downtime(null, spec("node.role == worker"))).to.equal(null);
  });
});
