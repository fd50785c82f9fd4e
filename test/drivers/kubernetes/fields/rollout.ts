import { expect } from "chai";
import type { Target } from "../../../../src/operations/driver.js";
import { env } from "../../fields/env.js";
import { Scene } from "../../fields/scene.js";
import { hostAddress } from "../lab.js";
import { type Fields, openCommand, type Trial } from "../trial.js";
import { Witness } from "../witness.js";

/** How long it takes, in seconds. */
async function secondsOf(work: () => Promise<unknown>): Promise<number> {
  const begin = Date.now();
  await work();
  return (Date.now() - begin) / 1000;
}

/** When each of its pods was made and when it was ready, the oldest first, in milliseconds. */
async function livesOf(trial: Trial, { ref }: Target) {
  return (await trial.pods(ref)).map(({ metadata, status }) => ({
    made: metadata!.creationTimestamp!.getTime(),
    ready: status!.conditions!.find(({ type }) => type === "Ready")!.lastTransitionTime!.getTime(),
  }));
}

/** Which of the old and the new one is there first, and for how long the old one is. */
export const orderScene = new Scene(async (trial: Trial) => {
  const witness = await Witness.open(trial, hostAddress);
  const fields = (order: "START_FIRST" | "STOP_FIRST", drain: number): Fields => ({
    env: env({ WITNESS: witness.url }),
    ports: [{ name: "http", target: 8080 }],
    readiness: { tcp: { port: null }, period: 1 },
    rollout: { order, drain },
  });
  const first = await trial.deploy(fields("START_FIRST", 3));
  const { terminationGracePeriodSeconds: grace, containers } = (await trial.pod(first)).spec!;
  const second = await trial.rebuild(first, fields("START_FIRST", 1));
  const shorter = (await trial.pod(second)).spec!.terminationGracePeriodSeconds;
  const third = await trial.rebuild(second, fields("STOP_FIRST", 1));
  const strategy = (await trial.deployment(third)).spec!.strategy!;
  const fourth = await trial.rebuild(third, fields("START_FIRST", 1));
  const gap = (old: Target, next: Target) => {
    const [begun] = witness.times("begins", next.stamp.operationId);
    const [ended] = witness.times("ends", old.stamp.operationId);
    return (ended! - begun!) / 1000;
  };
  const { preStop } = containers[0]!.lifecycle!;
  return {
    ...{ grace, shorter, preStop, strategy, again: (await trial.deployment(fourth)).spec!.strategy! },
    overlaps: { first: gap(first, second), stop: gap(second, third), start: gap(third, fourth) },
  };
})
  .shows("rollout.order", "ends the old one before the new one starts, or after", (seen) => {
    expect(seen.strategy).to.deep.equal({ type: "Recreate" });
    expect(seen.overlaps.stop).to.be.below(0);
    expect(seen.again.type).to.equal("RollingUpdate");
    expect(seen.overlaps.start).to.be.above(0);
  })
  .shows("rollout.drain", "is for how long an old one serves on, and a part of its time to end", (seen) => {
    expect(seen.preStop!.exec!.command).to.deep.equal(["sleep", "3"]);
    expect(seen.overlaps.first).to.be.above(3);
    expect(seen.grace).to.equal(16);
    expect(seen.shorter).to.equal(12);
  });

/** How many there are, and how many are replaced at a time. */
export const replicaScene = new Scene(async (trial: Trial) => {
  // Each takes some time until it is ready.
  const fields = (parallelism: number): Fields => ({
    readiness: { exec: { command: ["true"] }, initialDelay: 3, period: 1 },
    rollout: { parallelism },
  });
  const first = await trial.deploy(fields(1), { replicas: 2 });
  const replicas = (await trial.pods(first.ref)).length;
  const second = await trial.rebuild(first, fields(1));
  const one = await livesOf(trial, second);
  const third = await trial.rebuild(second, fields(2));
  const two = await livesOf(trial, third);
  return { replicas, one, two, strategy: (await trial.deployment(third)).spec!.strategy! };
})
  .shows("mode", "has as many run as were asked for", ({ replicas }) => {
    expect(replicas).to.equal(2);
  })
  .shows("rollout.parallelism", "is how many are replaced at a time", ({ one, two, strategy }) => {
    expect(one[1]!.made).to.be.at.least(one[0]!.ready);
    expect(two[1]!.made).to.be.below(two[0]!.ready);
    expect(strategy.rollingUpdate).to.deep.equal({ maxSurge: 2, maxUnavailable: 0 });
  });

/** One on each node. */
export const globalScene = new Scene(async (trial: Trial) => {
  const { items } = await trial.core.listNode();
  const nodes = items.map(({ metadata }) => metadata!.name!);
  const fields = (mark: string): Fields => ({ mode: "GLOBAL", args: [...openCommand, mark], command: null });
  const first = await trial.deploy(fields("one"), { replicas: 3 });
  const placed = (await trial.pods(first.ref)).map(({ spec }) => spec!.nodeName);
  const second = await trial.rebuild(first, fields("two"));
  const { spec } = await trial.daemonSet(second);
  const [pod] = await trial.pods(second.ref);
  return { nodes, placed, spec: spec!, about: JSON.parse(await trial.ask(pod!, "/about")) };
}).shows("mode", "has one run on each node", ({ nodes, placed, spec, about }) => {
  expect(placed).to.have.members(nodes);
  expect(spec.updateStrategy!.type).to.equal("RollingUpdate");
  expect(about.argv).to.deep.equal(["two"]);
  expect(about.env).to.include({ REBAKE_REPLICAS: "1" });
});

/** For how long new ones are watched, and waited for. */
export const patienceScene = new Scene(async (trial: Trial) => {
  const seconds: Record<string, number> = {};
  seconds.watched = await secondsOf(() => trial.deploy({ rollout: { monitor: 6 } }));
  const brief = trial.spec({
    command: ["sh", "-c", "sleep 3; echo no more; exit 9"],
    rollout: { monitor: 30 },
  });
  const ref = trial.ref({ name: "brief" });
  const { verdict, cause } = await trial.replace(null, trial.target(ref, brief));
  const late = (deadline: number) => {
    const readiness = { exec: { command: ["false"] }, period: 1 };
    const target = trial.ref({ name: `late-${deadline}` });
    return trial.fails(
      // Which of them it is depends on how far a busy node came.
      ["PROBE_FAILED", "DEADLINE_EXCEEDED"],
      null,
      trial.target(target, trial.spec({ readiness, rollout: { deadline } })),
    );
  };
  seconds.short = await secondsOf(() => late(2));
  seconds.long = await secondsOf(() => late(12));
  const facts = { replicas: 0 };
  const long = await trial.deploy(
    { rollout: { deadline: 900, monitor: 7 } },
    facts,
    trial.ref({ name: "long" }),
  );
  return { seconds, verdict, cause, spec: (await trial.deployment(long)).spec! };
})
  .shows("rollout.monitor", "is how long the new ones are watched", ({ seconds, verdict, cause, spec }) => {
    expect(seconds.watched).to.be.above(6);
    expect(verdict).to.equal("FAILED");
    expect(cause).to.include({ code: "APP_EXITED", exitCode: 9 });
    expect(cause!.lastLines).to.deep.equal(["no more"]);
    expect(spec.minReadySeconds).to.equal(7);
  })
  .shows("rollout.deadline", "is how long a new one may take until it is ready", ({ seconds, spec }) => {
    expect(seconds.short).to.be.above(2);
    expect(seconds.long).to.be.above(12);
    expect(spec.progressDeadlineSeconds, "the cluster's own leaves time for it").to.be.above(900);
  });
