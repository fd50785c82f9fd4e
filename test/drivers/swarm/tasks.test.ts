import { expect } from "chai";
import type { EngineNode } from "../../../src/drivers/swarm/engine-types.js";
import { numbersOf, replicasOf, serviceState } from "../../../src/drivers/swarm/tasks.js";
import { serviceOf, taskOf } from "./task-fixture.js";

const node = (ID: string, Addr = "10.0.0.1"): EngineNode => ({
  ID,
  Description: { Hostname: `host-${ID}` },
  Status: { State: "ready", Addr },
  Spec: { Availability: "active" },
});
const nodes = new Map([["node", node("node")]]);

describe("replicas of a service on a swarm", () => {
  it("are the newest task of each slot, and older ones that have not ended", () => {
    const ended = taskOf("opn_1", "shutdown", { Slot: 1, DesiredState: "shutdown" });
    const draining = taskOf("opn_1", "running", { Slot: 1, DesiredState: "shutdown" });
    const serving = taskOf("opn_2", "running", { Slot: 1 });
    const second = taskOf("opn_2", "starting", { Slot: 2 });
    expect(
      replicasOf([ended, draining, serving, second], nodes).map(({ instance, state, operationId }) => [
        instance,
        state,
        operationId,
      ]),
    ).to.have.deep.members([
      [1, "RUNNING", "opn_2"],
      [1, "STOPPING", "opn_1"],
      [2, "STARTING", "opn_2"],
    ]);
  });

  it("back off when they failed and wait to be started again, and say why", () => {
    const failed = taskOf("opn_1", "failed", {
      DesiredState: "shutdown",
      status: { Err: "task: non-zero exit (9)" },
    });
    const waiting = taskOf("opn_1", "ready", { DesiredState: "ready" });
    expect(replicasOf([failed, waiting], nodes)).to.have.length(1);
    expect(replicasOf([failed, waiting], nodes)[0]).to.include({
      state: "BACKING_OFF",
      restarts: 1,
      message: "task: non-zero exit (9)",
    });
    const again = taskOf("opn_1", "running");
    expect(replicasOf([failed, again], nodes)[0]).to.include({ state: "RUNNING", restarts: 1 });
  });

  it("say where they can be reached", () => {
    const PortStatus = {
      Ports: [
        { Protocol: "tcp" as const, TargetPort: 80, PublishedPort: 32_768, PublishMode: "host" as const },
      ],
    };
    const running = taskOf("opn_1", "running", { status: { PortStatus } });
    expect(replicasOf([running], nodes)[0]).to.include({ address: "10.0.0.1:32768", node: "host-node" });
    const six = new Map([["node", node("node", "fd00::1")]]);
    expect(replicasOf([running], six)[0]).to.include({ address: "[fd00::1]:32768" });
    expect(replicasOf([taskOf("opn_1", "running")], nodes)[0]).to.include({ address: null });
  });

  it("are numbered by their nodes where they have no slot", () => {
    const tasks = ["b", "a", "b"].map((NodeID) => taskOf("opn", "running", { Slot: 0, NodeID }));
    expect(tasks.map(({ ID }) => numbersOf(tasks).get(ID))).to.deep.equal([2, 1, 2]);
  });

  it("make the state of their service", () => {
    const state = (replicas: number, ...states: [state: string, desired?: string][]) =>
      serviceState(
        serviceOf(replicas),
        replicasOf(
          states.map(([one, DesiredState = "running"], index) =>
            taskOf("opn", one, { Slot: index + 1, DesiredState }),
          ),
          nodes,
        ),
      );
    expect(serviceState(null, [])).to.equal("STOPPED");
    expect(state(0)).to.equal("STOPPED");
    expect(state(2, ["running"], ["running"])).to.equal("RUNNING");
    expect(state(2, ["running"], ["starting"])).to.equal("DEGRADED");
    expect(state(1, ["starting"])).to.equal("STARTING");
    expect(state(1, ["failed"])).to.equal("DEGRADED");
    expect(state(1, ["shutdown", "shutdown"])).to.equal("STOPPED");
  });
});
