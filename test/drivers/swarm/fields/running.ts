import { expect } from "chai";
import { hasEnded } from "../../../../src/drivers/swarm/tasks.js";
import type { ServiceRef, Target } from "../../../../src/operations/driver.js";
import { type Fields, idle, type Trial } from "../trial.js";
import { type FieldCase, field } from "./field.js";

/** Ends with 0 on SIGTERM and with 3 on SIGUSR1. */
const mortal = ["sh", "-c", "trap 'exit 0' TERM; trap 'exit 3' USR1; while :; do sleep 1000 & wait $!; done"];

/** Has the app end by itself; whether it was started anew, once the engine has decided that. */
async function isRestarted(trial: Trial, target: Target, signal: "TERM" | "USR1"): Promise<boolean> {
  const before = await trial.tasks(target.ref);
  const running = before.find((task) => !hasEnded(task))!;
  await trial.attempt(target, "kill", `-${signal}`, "1");
  await trial.until("it has ended and that was seen", async () => {
    const task = (await trial.tasks(target.ref)).find(({ ID }) => ID === running.ID)!;
    return hasEnded(task) && task.DesiredState === "shutdown";
  });
  if ((await trial.tasks(target.ref)).every(hasEnded)) {
    return false;
  }
  await trial.until("it runs again", async () => (await trial.containers(target.ref)).length === 1);
  return true;
}

/** In the container, of either version of control groups. */
async function limitsOf(trial: Trial, target: Target): Promise<{ memory: number; cpus: number }> {
  const script = `cd /sys/fs/cgroup; if [ -f memory.max ]; then cat memory.max cpu.max
    else cat memory/memory.limit_in_bytes cpu/cpu.cfs_quota_us cpu/cpu.cfs_period_us; fi`;
  const [memory, quota, period] = (await trial.run(target, "sh", "-c", script)).split(/\s+/).map(Number);
  return { memory: memory!, cpus: quota! / period! };
}

const began = (at: string | undefined) => Date.parse(at ?? "");
/** How many of a service's current tasks were being started at the same time, at most. */
async function startedTogether(trial: Trial, ref: ServiceRef): Promise<number> {
  const tasks = (await trial.tasks(ref)).filter((task) => !hasEnded(task));
  const starts = tasks.map(({ CreatedAt, Status }) => [began(CreatedAt), began(Status.Timestamp)] as const);
  return Math.max(
    ...starts.map(([begin]) => starts.filter(([from, to]) => from <= begin && begin < to).length),
  );
}

/** How long it takes, in seconds. */
async function secondsOf(work: () => Promise<unknown>): Promise<number> {
  const begin = Date.now();
  await work();
  return (Date.now() - begin) / 1000;
}

/** How many there are, where, what they may use, and how one takes the place of another. */
export const runningFields: FieldCase[] = [
  field("restart.condition", "decides whether an app that ended is started anew", async (trial) => {
    const change = (old: Target, condition: "ALWAYS" | "ON_FAILURE" | "NONE") =>
      trial.rebuild(old, { command: mortal, restart: { condition, maxAttempts: null } });
    const first = await trial.deploy({ command: mortal });
    expect(await isRestarted(trial, first, "TERM"), "by default").to.equal(true);
    const always = await change(first, "ALWAYS");
    expect(await isRestarted(trial, always, "TERM"), "ALWAYS").to.equal(true);
    const onFailure = await change(always, "ON_FAILURE");
    expect(await isRestarted(trial, onFailure, "USR1"), "ON_FAILURE, failed").to.equal(true);
    expect(await isRestarted(trial, onFailure, "TERM"), "ON_FAILURE, well").to.equal(false);
    const none = await change(onFailure, "NONE");
    expect(await isRestarted(trial, none, "USR1"), "NONE").to.equal(false);
  }),

  field("restart.maxAttempts", "says how often", async (trial) => {
    const change = (old: Target, maxAttempts: number | null) =>
      trial.rebuild(old, { command: mortal, restart: { condition: "ALWAYS", maxAttempts } });
    const first = await trial.deploy({ command: mortal, restart: { maxAttempts: 1 } });
    expect(await isRestarted(trial, first, "USR1"), "1, the first time").to.equal(true);
    expect(await isRestarted(trial, first, "USR1"), "1, the second time").to.equal(false);
    const never = await change(first, 0);
    expect(await isRestarted(trial, never, "USR1"), "0").to.equal(false);
    const always = await change(never, null);
    expect(await isRestarted(trial, always, "USR1"), "null, once").to.equal(true);
    expect(await isRestarted(trial, always, "USR1"), "null, twice").to.equal(true);
  }),

  field("resources.memory resources.cpus", "limit the container", async (trial) => {
    const first = await trial.deploy({ resources: { memory: 64 << 20, cpus: 0.25 } });
    expect(await limitsOf(trial, first)).to.deep.equal({ memory: 64 << 20, cpus: 0.25 });
    const second = await trial.rebuild(first, { resources: { memory: 96 << 20, cpus: 0.5 } });
    expect(await limitsOf(trial, second)).to.deep.equal({ memory: 96 << 20, cpus: 0.5 });
    const none = await trial.rebuild(second, { resources: null });
    const { memory, cpus } = await limitsOf(trial, none);
    expect(memory).not.to.be.below(1 << 30);
    expect(cpus).not.to.be.above(0);
  }),

  field("placement", "decides where it may run", async (trial) => {
    const first = await trial.deploy({ placement: ["node.role == manager"] });
    const [task] = await trial.tasks(first.ref);
    const node = await trial.lab.docker.getNode(task!.NodeID!).inspect();
    expect(node.Spec.Role).to.equal("manager");
    const hostname: string = node.Description.Hostname;
    const second = await trial.rebuild(first, {
      placement: [`node.hostname == ${hostname}`, "node.platform.os != windows"],
    });
    const placed = (await trial.tasks(second.ref)).find((one) => !hasEnded(one))!;
    expect(placed.NodeID).to.equal(task!.NodeID);
    expect(placed.Spec.Placement!.Constraints).to.have.members(second.spec.placement);
    const nowhere = trial.target(second.ref, trial.spec({ placement: [`node.hostname != ${hostname}`] }));
    expect(await trial.fails("NO_SUITABLE_NODE", second, nowhere)).to.include(hostname);
    const bad = trial.target(second.ref, trial.spec({ placement: ["node.hostname ~ x"] }));
    await trial.fails("ENGINE_REFUSED", second, bad);
  }),

  field("mode", "has as many as were asked for run, or one on each node", async (trial) => {
    const nodes = (await trial.lab.docker.listNodes()).length;
    const some = await trial.deploy({}, { replicas: 3 });
    expect(await trial.containers(some.ref)).to.have.length(3);
    const each = await trial.deploy({ mode: "GLOBAL" }, { replicas: 3 }, trial.ref({ name: "agent" }));
    const tasks = async () => (await trial.tasks(each.ref)).filter((task) => !hasEnded(task));
    expect(new Set((await tasks()).map(({ NodeID }) => NodeID)).size).to.equal(nodes);
    const second = await trial.rebuild(each, { mode: "GLOBAL", command: [...idle, "2"] });
    expect(await tasks()).to.have.length(nodes);
    expect((await trial.environment(second)).get("REBAKE_REPLICAS")).to.equal("1");
  }),

  field("rollout.order", "ends the old one before the new one starts, or after", async (trial) => {
    const next = async (old: Target, order: "START_FIRST" | "STOP_FIRST") => {
      const { Id } = await trial.container(old);
      const target = await trial.rebuild(old, { rollout: { order } });
      const ended = began((await trial.lab.docker.getContainer(Id).inspect()).State.FinishedAt);
      return { target, before: ended < began((await trial.container(target)).State.StartedAt) };
    };
    const first = await trial.deploy({});
    const stop = await next(first, "STOP_FIRST");
    expect(stop.before).to.equal(true);
    const start = await next(stop.target, "START_FIRST");
    expect(start.before).to.equal(false);
  }),

  field("rollout.parallelism", "is how many are replaced at a time", async (trial) => {
    const fields = (parallelism: number): Fields => ({ rollout: { parallelism } });
    const first = await trial.deploy(fields(1), { replicas: 4 });
    const one = await trial.rebuild(first, fields(1));
    expect(await startedTogether(trial, one.ref)).to.equal(1);
    const two = await trial.rebuild(one, fields(2));
    expect(await startedTogether(trial, two.ref)).to.equal(2);
  }),

  field("rollout.monitor", "is how long the new ones are watched", async (trial) => {
    const brief = { command: ["sh", "-c", "sleep 3; echo no more; exit 9"] };
    const first = await trial.deploy({});
    const watched = trial.target(first.ref, trial.spec({ ...brief, rollout: { monitor: 20 } }));
    const { verdict, cause } = await trial.replace(first, watched);
    // The old one may have been stopped already: it stands again.
    expect(verdict).to.be.oneOf(["FAILED", "ROLLED_BACK"]);
    expect(cause).to.include({ code: "APP_EXITED", exitCode: 9 });
    expect(cause!.lastLines).to.deep.equal(["no more"]);
    expect(await trial.run(first, "cat", "/proc/1/cmdline")).to.include(idle[2]);
    const seconds = await secondsOf(() => trial.rebuild(first, { rollout: { monitor: 4 } }));
    expect(seconds).to.be.above(4);
    expect((await trial.service(first.ref)).Spec.UpdateConfig!.Monitor).to.equal(4e9);
  }),

  field("rollout.deadline", "is how long a new one may take until it is ready", async (trial) => {
    const probe = { httpGet: null, tcp: null, exec: { command: ["test", "-e", "/nope"] }, period: 1 };
    const first = await trial.deploy({});
    const late = (deadline: number) =>
      trial.target(first.ref, trial.spec({ readiness: probe, rollout: { deadline } }));
    const short = await secondsOf(() => trial.fails("PROBE_FAILED", first, late(2)));
    const long = await secondsOf(() => trial.fails("PROBE_FAILED", first, late(9)));
    expect(short).to.be.above(2);
    expect(long).to.be.above(9);
  }),

  field("rollout.drain", "is how long an old one may take to end, and ten seconds more", async (trial) => {
    const stubborn = ["sh", "-c", "trap '' TERM; while :; do sleep 1; done"];
    const first = await trial.deploy({ command: stubborn, rollout: { drain: 0 } });
    const { Id } = await trial.container(first);
    const begin = Date.now();
    const second = await trial.rebuild(first, { command: stubborn, rollout: { drain: 5 } });
    expect(Date.now() - begin).to.be.above(10_000);
    const { State } = await trial.lab.docker.getContainer(Id).inspect();
    expect(State.ExitCode, "killed").to.equal(137);
    const [task] = (await trial.tasks(second.ref)).filter((one) => !hasEnded(one));
    expect(task!.Spec.ContainerSpec.StopGracePeriod).to.equal(15e9);
    expect(await secondsOf(() => trial.rebuild(second, {}))).to.be.above(15);
  }),
];
