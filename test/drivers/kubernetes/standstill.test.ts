import { expect } from "chai";
import { TaskReports } from "../../../src/drivers/engine/task-reports.js";
import type { Pod } from "../../../src/drivers/kubernetes/api-types.js";
import { assess } from "../../../src/drivers/kubernetes/assess.js";
import { lostPatience } from "../../../src/drivers/kubernetes/pods.js";
import { Standstill } from "../../../src/drivers/kubernetes/standstill.js";
import { deploymentOf, podOf, waiting } from "./pod-fixture.js";
import { aTarget } from "./spec-arbitraries.js";

const mine = "opn_1";
const making = () => podOf(mine, { app: { state: waiting("ContainerCreating") } });
const begun = () => podOf(mine);
const ready = () => podOf(mine, { ready: true });
const leaving = (since: number) =>
  podOf("opn_0", { metadata: { deletionTimestamp: new Date(since).toISOString() } });
const evicted = () => podOf(mine, { status: { phase: "Failed", reason: "Evicted" } });
const reports = new TaskReports("n", { isMine: () => true, tell: () => {}, changed: () => {} });

/** At which of these moments a rollout of that many has come no further for too long; null: at none. */
function tooLongAt(of: number, moments: [second: number, pods: Pod[], wasAway?: boolean][], monitor = 0) {
  const standstill = new Standstill({ deadline: 30, monitor });
  const target = aTarget({ ports: [] }, { replicas: of });
  const workload = deploymentOf(of, { availableReplicas: 0 });
  workload.spec.strategy = { type: "Recreate" };
  const late = moments.find(([second, pods, wasAway = false]) =>
    standstill.isTooLong(assess(target, workload, pods, reports, 0), wasAway, second * 1000),
  );
  return late?.[0] ?? null;
}

describe("for how long a rollout on Kubernetes has come no further", () => {
  it("begins anew with each that comes further than any before", () => {
    expect(
      tooLongAt(1, [
        [0, []],
        [29, [begun()]],
        [58, [begun()]],
        [59, [begun()]],
      ]),
    ).to.equal(59);
    expect(
      tooLongAt(2, [
        [0, [begun()]],
        [29, [ready()]],
        [58, [ready(), ready()]],
        [80, []],
      ]),
    ).to.equal(null);
  });

  it("goes on while pods are evicted and others made in their place, again and again", () => {
    const rounds = [0, 10, 20, 30, 40].flatMap((second): [number, Pod[]][] => [
      [second + 1, [making()]],
      [second + 4, [begun()]],
      [second + 8, [evicted()]],
    ]);
    expect(tooLongAt(1, rounds)).to.equal(34);
  });

  it("goes on while a readiness comes and goes faster than it is watched", () => {
    const flapping = Array.from({ length: 30 }, (_, index): [number, Pod[]] => [
      index * 5,
      [index % 2 ? ready() : begun()],
    ]);
    expect(tooLongAt(1, flapping, 20)).to.equal(55);
  });

  it("has those watched that are ready, also when they were not for a moment", () => {
    const blip: [number, Pod[]][] = [
      [0, [ready()]],
      [40, [begun()]],
      [41, [ready()]],
      [89, [ready()]],
    ];
    expect(tooLongAt(1, blip, 60)).to.equal(null);
    expect(tooLongAt(1, [...blip, [90, [ready()]]], 60)).to.equal(90);
    // One after the other, each is watched before the next is made.
    expect(
      tooLongAt(
        2,
        [
          [0, [ready()]],
          [61, [ready(), making()]],
          [89, [ready(), begun()]],
        ],
        60,
      ),
    ).to.equal(null);
    expect(
      tooLongAt(
        1,
        [
          [0, [begun()]],
          [30, [begun()]],
        ],
        60,
      ),
    ).to.equal(30);
    expect(
      tooLongAt(
        1,
        [
          [0, []],
          [30, []],
        ],
        60,
      ),
    ).to.equal(30);
  });

  it("begins when the old ones have ended that were to be stopped first, unless their node is away", () => {
    const old = leaving(Date.now());
    const stopFirst: [number, Pod[]][] = [
      [0, [old]],
      [50, [old]],
      [79, []],
      [80, []],
    ];
    expect(tooLongAt(1, stopFirst)).to.equal(80);
    const lost = leaving(Date.now() - lostPatience - 1_000);
    expect(
      tooLongAt(1, [
        [0, [lost]],
        [30, [lost]],
      ]),
    ).to.equal(30);
    // A new one that is on its way has to come further by itself, whoever else is leaving.
    expect(
      tooLongAt(2, [
        [0, [old, begun()]],
        [30, [old, begun()]],
      ]),
    ).to.equal(30);
    expect(
      tooLongAt(2, [
        [0, [old, ready()]],
        [50, [old, ready()]],
        [79, [ready(), begun()]],
      ]),
    ).to.equal(null);
  });

  it("begins anew when the cluster is back", () => {
    expect(
      tooLongAt(1, [
        [0, [begun()]],
        [99, [], true],
        [128, [begun()]],
        [129, [begun()]],
      ]),
    ).to.equal(129);
  });
});
