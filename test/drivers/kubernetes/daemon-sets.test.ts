import { expect } from "chai";
import type { KubeEvent, Workload } from "../../../src/drivers/kubernetes/api-types.js";
import { fieldManager } from "../../../src/drivers/kubernetes/cluster.js";
import { hasNoNode, lacksPods, nodesWanted, refusalIn } from "../../../src/drivers/kubernetes/daemon-sets.js";
import { daemonSetOf, deploymentOf, podOf } from "./pod-fixture.js";

const mine = "opn_1";

describe("a DaemonSet", () => {
  it("fits no node only once the cluster has looked at its last change", () => {
    expect(hasNoNode(daemonSetOf(0))).to.equal(true);
    expect(hasNoNode(daemonSetOf(1))).to.equal(false);
    expect(hasNoNode(daemonSetOf(0, { observedGeneration: 1 }))).to.equal(false);
    expect(nodesWanted(daemonSetOf(0, { observedGeneration: 1 }))).to.equal(null);
    expect(hasNoNode(deploymentOf(0))).to.equal(false);
  });

  const beside = (wanted: number): Workload => {
    const workload = daemonSetOf(wanted);
    const updateStrategy = { type: "RollingUpdate", rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } };
    return { ...workload, spec: { ...workload.spec, updateStrategy } };
  };
  const [fresh, old] = [() => podOf(mine, { ready: true }), () => podOf("opn_0", { ready: true })];
  const going = () => podOf("opn_0", { going: true });

  it("lacks a pod where a node has none at all", () => {
    expect(lacksPods(daemonSetOf(1), [], mine)).to.equal(true);
    expect(lacksPods(daemonSetOf(3), [fresh(), old()], mine)).to.equal(true);
  });

  it("lacks none while old ones stand, or have not quite gone", () => {
    expect(lacksPods(daemonSetOf(2), [fresh(), old()], mine)).to.equal(false);
    expect(lacksPods(daemonSetOf(2), [fresh(), going()], mine)).to.equal(false);
    expect(lacksPods(daemonSetOf(1), [fresh()], mine)).to.equal(false);
    expect(lacksPods(daemonSetOf(1, { observedGeneration: 1 }), [], mine)).to.equal(false);
    expect(lacksPods(deploymentOf(1), [], mine)).to.equal(false);
  });

  it("lacks the one that is to start beside an old one", () => {
    expect(lacksPods(beside(2), [old(), old()], mine)).to.equal(true);
    expect(lacksPods(beside(2), [fresh(), old()], mine)).to.equal(true);
    expect(lacksPods(beside(2), [fresh(), old(), old()], mine)).to.equal(false);
    expect(lacksPods(beside(2), [fresh(), going(), old()], mine)).to.equal(false);
    expect(lacksPods(beside(2), [fresh(), fresh()], mine)).to.equal(false);
  });

  const event = (message: string, lastTimestamp: string, reason = "FailedCreate"): KubeEvent => ({
    metadata: { name: "e", uid: "e", resourceVersion: "1", creationTimestamp: "2026-01-01T00:00:00Z" },
    ...{ message, lastTimestamp, reason, involvedObject: {} },
  });
  const changed = (time: string): Workload => {
    const { metadata, ...rest } = daemonSetOf(1);
    const entry = {
      operation: "Update",
      apiVersion: "apps/v1",
      fieldsType: "FieldsV1",
      fieldsV1: {},
    } as const;
    const managedFields = [
      { ...entry, manager: fieldManager, time },
      { ...entry, manager: "kube-controller-manager", time: "2026-01-02T00:00:00Z" },
    ];
    return { ...rest, metadata: { ...metadata, managedFields } };
  };

  it("tells why no pod is made by what was said last since it was changed", () => {
    const events = [
      event('Error creating: pods "a-" is forbidden: exceeded quota: few.', "2026-01-01T10:00:05Z"),
      event("Created pod: a-1", "2026-01-01T10:00:09Z", "SuccessfulCreate"),
      event("Error creating: something else", "2026-01-01T10:00:02Z"),
    ];
    const words = 'pods "a-" is forbidden: exceeded quota: few';
    expect(refusalIn(events, changed("2026-01-01T10:00:00Z"))).to.equal(words);
    expect(refusalIn(events, changed("2026-01-01T10:00:05Z"))).to.equal(words);
    expect(refusalIn(events, changed("2026-01-01T10:00:06Z"))).to.equal(null);
    expect(refusalIn([], changed("2026-01-01T10:00:00Z"))).to.equal(null);
  });
});
