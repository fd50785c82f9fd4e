import { expect } from "chai";
import { TaskReports } from "../../../src/drivers/engine/task-reports.js";
import type { ContainerStatus, ReplicaSet, Workload } from "../../../src/drivers/kubernetes/api-types.js";
import type { KubernetesContext } from "../../../src/drivers/kubernetes/context.js";
import { PodWatch } from "../../../src/drivers/kubernetes/watch-pods.js";
import { OperationFailure } from "../../../src/errors.js";
import { daemonSetOf, deploymentOf, podOf, waiting } from "./pod-fixture.js";
import { aTarget } from "./spec-arbitraries.js";

const refused = (message: string) => ({
  conditions: [{ type: "ReplicaFailure", status: "True" as const, reason: "FailedCreate", message }],
});
const { stamp, ...rest } = aTarget({});
const target = { ...rest, stamp };
const setOf = (operation: string, status: ReplicaSet["status"] = {}): ReplicaSet => ({
  metadata: { ...deploymentOf(1).metadata, name: `orders-${operation}` },
  spec: { template: { metadata: { labels: { "rebake/operation": operation } }, spec: { containers: [] } } },
  status,
});
const ofOperation = { annotations: { "rebake/operation": stamp.operationId } };

/** What is seen at the first look, and at one so many seconds later. */
function seen(workload: Workload, sets: ReplicaSet[], seconds: number): string | null {
  const reports = new TaskReports("n", { isMine: () => true, tell: () => {}, changed: () => {} });
  const context = { mirror: { setsOf: () => sets } } as unknown as KubernetesContext;
  const watch = new PodWatch(context, target, reports);
  const { now } = Date;
  const begun = now();
  try {
    expect(watch.look(workload, [])).to.equal(null);
    Date.now = () => begun + seconds * 1000;
    const found = watch.look(workload, []);
    return found instanceof OperationFailure ? `${found.cause.code}: ${found.cause.message}` : null;
  } finally {
    Date.now = now;
  }
}

describe("what is wrong with pods on Kubernetes", () => {
  it("lasts as long as their image cannot be had, whatever is said of why from one try to the next", () => {
    const reports = new TaskReports("n", { isMine: () => true, tell: () => {}, changed: () => {} });
    const watch = new PodWatch({} as KubernetesContext, target, reports);
    const pod = podOf(stamp.operationId, { app: null });
    const { now } = Date;
    const found = [
      [0, waiting("ImagePullBackOff", 'Back-off pulling image "x"')],
      [30, waiting("ErrImagePull", "dial tcp 10.0.0.1:443: connect: connection refused")],
      [59, waiting("ImagePullBackOff", 'Back-off pulling image "x"')],
      [60, waiting("ImagePullBackOff", 'Back-off pulling image "x"')],
    ].map(([second, state]) => {
      pod.status!.containerStatuses = [
        { name: "app", ready: false, restartCount: 0, state } as ContainerStatus,
      ];
      try {
        Date.now = () => (second as number) * 1000;
        return watch.look(deploymentOf(1), [pod]);
      } finally {
        Date.now = now;
      }
    });
    expect(found.map((one) => one && "code" in one && one.code)).to.deep.equal([
      ...[null, null, null],
      "REGISTRY_UNREACHABLE",
    ]);
  });
});

describe("what keeps pods from being made on Kubernetes", () => {
  const own = setOf(stamp.operationId, refused("exceeded quota: new"));

  it("counts once it lasts", () => {
    const workload = deploymentOf(1, {}, ofOperation);
    expect(seen(workload, [own], 4)).to.equal(null);
    expect(seen(workload, [own], 5)).to.equal(
      "ENGINE_REFUSED: The cluster does not let pods be made: exceeded quota: new.",
    );
  });

  it("is not what was said of pods of an earlier operation, which the Deployment repeats", () => {
    const workload = deploymentOf(1, refused("exceeded quota: old"), ofOperation);
    const old = setOf("opn_old", refused("exceeded quota: old"));
    expect(seen(workload, [old, setOf(stamp.operationId)], 60)).to.equal(null);
    expect(seen(workload, [old, own], 60)).to.include("exceeded quota: new");
  });

  it("is what a Deployment says that was made by somebody else", () => {
    expect(seen(deploymentOf(1, refused("exceeded quota: few")), [], 5)).to.include("exceeded quota: few");
  });

  it("is that no node fits, where there is one on each", () => {
    expect(seen(daemonSetOf(0), [], 29)).to.equal(null);
    expect(seen(daemonSetOf(0), [], 30)).to.match(/^NO_SUITABLE_NODE: No node of the cluster may run/);
    expect(seen(daemonSetOf(1), [], 30)).to.equal(null);
  });
});
