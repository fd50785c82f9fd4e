import { expect } from "chai";
import fc from "fast-check";
import type { ContainerState, ContainerStatus } from "../../../src/drivers/kubernetes/api-types.js";
import {
  hasBegun,
  hasEnded,
  isGone,
  isLost,
  isPrepared,
  isReady,
  lostPatience,
  numbersOf,
  operationOf,
  restartsOf,
  serviceState,
  tasksOf,
} from "../../../src/drivers/kubernetes/pods.js";
import { slimPod } from "../../../src/drivers/kubernetes/slim.js";
import { daemonSetOf, deploymentOf, ended, type PodFacts, podOf, running, waiting } from "./pod-fixture.js";

const going = { going: true };
const oom = { state: waiting("CrashLoopBackOff"), lastState: ended(137, "OOMKilled"), restartCount: 2 };

/** How a replica is told of. */
const states: [what: string, facts: PodFacts, state: string, message: string | null][] = [
  [
    "not placed",
    {
      app: null,
      status: { phase: "Pending" },
      conditions: [{ type: "PodScheduled", status: "False", reason: "Unschedulable", message: "no node" }],
    },
    "STARTING",
    "no node",
  ],
  ["being made", { app: { state: waiting("ContainerCreating") } }, "STARTING", null],
  [
    "being prepared",
    { app: { state: waiting("PodInitializing") }, prepare: { state: running } },
    "STARTING",
    null,
  ],
  [
    "prepared",
    { app: { state: waiting("PodInitializing") }, prepare: { state: ended(0) } },
    "STARTING",
    null,
  ],
  [
    "pulling what it cannot have",
    { app: { state: waiting("ErrImagePull", "not found") } },
    "STARTING",
    "not found",
  ],
  [
    "waiting for a reason alone",
    { app: { state: waiting("ImagePullBackOff") } },
    "STARTING",
    "ImagePullBackOff",
  ],
  ["running, not ready", {}, "STARTING", null],
  ["ready", { ready: true }, "RUNNING", null],
  [
    "ready again after a crash",
    { ready: true, app: { state: running, lastState: ended(1), restartCount: 1 } },
    "RUNNING",
    "ended with exit code 1",
  ],
  ["crashed", { app: { state: ended(2) } }, "BACKING_OFF", "ended with exit code 2"],
  ["ended well", { app: { state: ended(0) } }, "STARTING", null],
  ["ended well, again", { app: { state: ended(0), restartCount: 1 } }, "BACKING_OFF", null],
  ["crashing", { app: oom }, "BACKING_OFF", "ended with exit code 137 (OOMKilled)"],
  [
    "not prepared",
    { app: { state: waiting("PodInitializing") }, prepare: { state: ended(1) } },
    "BACKING_OFF",
    "ended with exit code 1",
  ],
  ["told to go", { ...going, ready: true }, "STOPPING", null],
];

describe("pods as replicas", () => {
  for (const [what, facts, state, message] of states) {
    it(`are ${state} when ${what}${message === null ? "" : `, and say "${message}"`}`, () => {
      const [task] = tasksOf([podOf("opn_1", facts)]);
      expect(task).to.include({ state, message, instance: 1, operationId: "opn_1", node: "n1" });
    });
  }

  it("are those that have not ended; of those that are told to go, while something in them runs", () => {
    const gone = [
      podOf("opn_1", { status: { phase: "Failed", reason: "Evicted" } }),
      podOf("opn_1", { status: { phase: "Succeeded" } }),
      podOf("opn_1", { ...going, app: { state: waiting("ContainerCreating") } }),
      podOf("opn_1", { ...going, app: null }),
    ];
    // What had crashed before may just be started again.
    const crashed = podOf("opn_1", { ...going, app: { state: ended(1) } });
    const there = [podOf("opn_1"), podOf("opn_1", going), podOf("opn_1", { app: null }), crashed];
    expect(gone.map(hasEnded)).to.deep.equal([true, true, true, true]);
    expect(there.map(hasEnded)).to.deep.equal([false, false, false, false]);
    expect(tasksOf([...gone, ...there]).map(({ id }) => id)).to.have.members(
      there.map(({ metadata }) => metadata.uid),
    );
  });

  it("are lost when their node has not ended them long after they should have gone", () => {
    const late = (milliseconds: number) =>
      podOf("opn_1", { metadata: { deletionTimestamp: new Date(Date.now() - milliseconds).toISOString() } });
    // What the API says is when their grace period ends.
    const pods = [podOf("opn_1"), late(-60_000), late(lostPatience - 5_000)];
    expect([...pods, late(lostPatience + 5_000)].map(isLost)).to.deep.equal([false, false, false, true]);
    const failed = podOf("opn_1", { status: { phase: "Failed" } });
    expect([...pods, failed, late(lostPatience + 5_000)].map(isGone)).to.deep.equal([
      ...[false, false, false],
      ...[true, true],
    ]);
    // Until its node goes, people see it.
    expect(tasksOf([late(lostPatience + 5_000)])[0]).to.have.property("state", "STOPPING");
  });

  it("are numbered within their operation, those that stay before those that go", () => {
    const pods = [
      podOf("opn_1", going),
      podOf("opn_1"),
      podOf("opn_2"),
      podOf(null),
      podOf("opn_1", { status: { phase: "Failed" } }),
      podOf("opn_1"),
    ];
    const numbers = numbersOf(pods);
    expect(pods.map(({ metadata }) => numbers.get(metadata.uid))).to.deep.equal([3, 1, 1, 1, 4, 2]);
    const kinds: PodFacts[] = [{}, going, { ready: true }, { status: { phase: "Failed" } }];
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.constantFrom(...kinds), fc.constantFrom("a", "b"))), (chosen) => {
        const all = chosen.map(([facts, operation]) => podOf(operation, facts));
        const found = numbersOf(all);
        for (const operation of ["a", "b"]) {
          const own = all.filter((pod) => operationOf(pod) === operation);
          const seen = own.map(({ metadata }) => found.get(metadata.uid)!).sort((a, b) => a - b);
          expect(seen).to.deep.equal(own.map((_, index) => index + 1));
        }
      }),
    );
  });

  it("say where they can be reached, and since when they are as they are", () => {
    const ports = [
      { containerPort: 53, protocol: "UDP" },
      { containerPort: 80, protocol: "TCP" },
    ];
    const spec = { containers: [{ name: "app", ports }] };
    const addressOf = (facts: PodFacts) => tasksOf([podOf("opn", facts)])[0]!.address;
    expect(addressOf({ spec })).to.equal("10.0.0.1:80");
    expect(addressOf({ spec, status: { podIP: "fd00::1" } })).to.equal("[fd00::1]:80");
    expect(addressOf({ spec, status: { podIP: undefined } as object })).to.equal(null);
    expect(addressOf({})).to.equal(null);
    const proxy = {
      name: "proxy",
      ports: [{ containerPort: 15001 }, { containerPort: 15090, protocol: "TCP" }],
    };
    expect(addressOf({ spec: { containers: [proxy, { name: "app", ports }] } })).to.equal("10.0.0.1:80");
    expect(addressOf({ spec: { containers: [{ name: "web", ports }, proxy] } })).to.equal("10.0.0.1:80");
    const sinceOf = (facts: PodFacts) => tasksOf([podOf("opn", facts)])[0]!.since.toISOString();
    expect(sinceOf({ ready: true })).to.equal("2026-01-01T00:10:00.000Z");
    expect(sinceOf(going)).to.equal("2026-01-01T00:20:00.000Z");
    const startTime = "2026-01-01T00:05:00Z";
    expect(sinceOf({ status: { conditions: [], startTime } })).to.equal("2026-01-01T00:05:00.000Z");
  });

  it("are ready when the cluster sends them requests, and are meant to go on", () => {
    expect(isReady(podOf("opn", { ready: true }))).to.equal(true);
    expect(isReady(podOf("opn"))).to.equal(false);
    expect(isReady(podOf("opn", { ready: true, going: true }))).to.equal(false);
  });

  it("have begun once their app was started, and are prepared once all before it has ended well", () => {
    const begun = [{}, { app: { state: ended(1) } }, { app: { state: waiting("x"), lastState: ended(1) } }];
    expect(begun.map((facts) => hasBegun(podOf("opn", facts)))).to.deep.equal([true, true, true]);
    const not = [
      { app: null },
      { app: { state: waiting("ContainerCreating") } },
      { app: null, prepare: { state: running } },
    ];
    expect(not.map((facts) => hasBegun(podOf("opn", facts)))).to.deep.equal([false, false, false]);
    const preparing = [{}, { state: running }, { state: ended(1) }, { state: ended(0) }];
    expect(preparing.map((prepare) => isPrepared(podOf("opn", { prepare })))).to.deep.equal([
      false,
      false,
      false,
      true,
    ]);
    expect(isPrepared(podOf("opn", { prepare: {}, status: { initContainerStatuses: [] } }))).to.equal(false);
    expect(isPrepared(podOf("opn"))).to.equal(true);
    expect(restartsOf(podOf("opn", { app: { restartCount: 3 }, prepare: { restartCount: 2 } }))).to.equal(3);
  });

  it("are prepared when what runs beside the app was started, which does not end before it", () => {
    const beside = (proxy: Partial<ContainerStatus>, prepare: ContainerState = ended(0)) =>
      slimPod(
        podOf("opn", {
          app: null,
          spec: { initContainers: [{ name: "proxy", restartPolicy: "Always" }, { name: "prepare" }] },
          status: {
            initContainerStatuses: [
              { name: "proxy", ready: false, restartCount: 0, ...proxy },
              { name: "prepare", ready: false, restartCount: 0, state: prepare },
            ],
          },
        }),
      );
    expect(isPrepared(beside({ state: running, started: true }))).to.equal(true);
    expect(isPrepared(beside({ state: running }))).to.equal(true);
    expect(isPrepared(beside({ state: running, started: false }))).to.equal(false);
    expect(isPrepared(beside({ state: waiting("ContainerCreating") }))).to.equal(false);
    expect(isPrepared(beside({ state: running, started: true }, running))).to.equal(false);
  });
});

describe("the state of a service on Kubernetes", () => {
  const crashing = { app: { state: waiting("CrashLoopBackOff"), lastState: ended(1), restartCount: 2 } };
  const restarted = { app: { state: running, lastState: ended(1), restartCount: 1 } };
  const state = (workload: Parameters<typeof serviceState>[0], ...pods: PodFacts[]) =>
    serviceState(workload, tasksOf(pods.map((facts) => podOf("opn", facts))));

  it("is made of its pods'", () => {
    expect(state(null)).to.equal("STOPPED");
    expect(state(null, { ready: true })).to.equal("STOPPED");
    expect(state(deploymentOf(0), going)).to.equal("STOPPED");
    expect(state(deploymentOf(2), { ready: true }, { ready: true })).to.equal("RUNNING");
    expect(state(deploymentOf(1), { ready: true }, {})).to.equal("RUNNING");
    expect(state(deploymentOf(2), { ready: true }, {})).to.equal("DEGRADED");
    expect(state(deploymentOf(1), {})).to.equal("STARTING");
    expect(state(deploymentOf(1))).to.equal("STARTING");
    expect(state(deploymentOf(1), crashing)).to.equal("DEGRADED");
    expect(state(deploymentOf(1), restarted)).to.equal("DEGRADED");
    expect(state(deploymentOf(1), going)).to.equal("STARTING");
  });

  it("is that of all nodes that are to have one of a DaemonSet", () => {
    expect(state(daemonSetOf(2), { ready: true }, { ready: true })).to.equal("RUNNING");
    expect(state(daemonSetOf(2), { ready: true })).to.equal("DEGRADED");
    expect(state(daemonSetOf(0))).to.equal("STOPPED");
  });
});
