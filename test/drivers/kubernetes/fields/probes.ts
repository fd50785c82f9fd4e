import { expect } from "chai";
import type { CauseCode } from "../../../../src/errors.js";
import type { Target } from "../../../../src/operations/driver.js";
import type { SpecFields } from "../../bench.js";
import { env } from "../../fields/env.js";
import { Scene } from "../../fields/scene.js";
import { hostAddress } from "../lab.js";
import type { Fields, Request, Trial } from "../trial.js";
import { Witness } from "../witness.js";

type Probe = NonNullable<SpecFields["readiness"]>;
const none = { httpGet: null, tcp: null, exec: null, period: 1, timeout: 5, failureThreshold: 9 };
export const http = (path: string, port: string | null = null): Probe => ({
  ...none,
  httpGet: { path, port },
});
export const tcp = (port: string | null = null): Probe => ({ ...none, tcp: { port } });
export const exec = (...command: string[]): Probe => ({ ...none, exec: { command } });

/** The app listens at the first two. */
const fields: Fields = {
  ports: [
    { name: "http", target: 8080 },
    { name: "admin", target: 8081 },
    { name: "closed", target: 8082 },
  ],
  env: env({ PORTS: "8080,8081" }),
};

export const probesOf = async (trial: Trial, target: Target) => {
  const { readinessProbe, livenessProbe } = (await trial.pod(target)).spec!.containers[0]!;
  return { readiness: readinessProbe, liveness: livenessProbe };
};
const statusOf = async (trial: Trial, target: Target) =>
  (await trial.pod(target)).status!.containerStatuses![0]!;

/** What a node says of its probes comes late when it is busy, and so does which of these it is. */
const notReady: CauseCode[] = ["PROBE_FAILED", "NOT_LISTENING"];

/** Waits until the container, and not the pod, of what was made ill was started anew. */
export async function restarted(
  trial: Trial,
  target: Target,
  makeIll: () => Promise<unknown>,
): Promise<void> {
  const { metadata } = await trial.pod(target);
  await makeIll();
  await trial.until("it is started anew", async () => {
    const { restartCount, ready } = await statusOf(trial, target);
    return restartCount === 1 && ready;
  });
  expect((await trial.pod(target)).metadata!.name).to.equal(metadata!.name);
}

/** Of those at a port, in seconds. */
const gaps = (requests: Request[], port: number) => {
  const times = requests.filter((one) => one.port === port).map(({ after }) => after / 1000);
  return times.slice(1).map((time, index) => time - times[index]!);
};
const median = (values: number[]) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;

/** Whether the app answers. */
export const httpScene = new Scene(async (trial: Trial) => {
  const witness = await Witness.open(trial, hostAddress);
  const timing = { initialDelay: 3, period: 2, timeout: 2, successThreshold: 2, failureThreshold: 4 };
  const first = await trial.deploy({
    ...fields,
    env: [...fields.env!, ...env({ WITNESS: witness.url })],
    readiness: { ...http("/204?a=[b]{c}'d'", "admin"), ...timing },
    liveness: { ...http("/alive"), initialDelay: 1, timeout: 3, failureThreshold: 2 },
  });
  const whenReady = await trial.requests(first);
  await trial.until(
    "it was asked some more",
    async () => gaps(await trial.requests(first), 8081).length >= 4,
  );
  const one = { ...(await probesOf(trial, first)), requests: await trial.requests(first), whenReady };
  await restarted(trial, first, async () => trial.ask(await trial.pod(first), "/ill"));
  const { ill } = witness.heard.find(({ what }) => what === "ends")!;
  const second = await trial.rebuild(first, {
    ...fields,
    readiness: { ...http("/?ms=1500"), timeout: 4 },
    liveness: http("/alive?again", "admin"),
  });
  return { one, ill, two: { ...(await probesOf(trial, second)), requests: await trial.requests(second) } };
})
  .shows("readiness.httpGet.path readiness.httpGet.port", "is where the app is asked", ({ one, two }) => {
    expect(one.readiness!.httpGet).to.deep.include({ path: "/204?a=[b]{c}'d'", port: 8081 });
    const [asked] = one.requests.filter(({ port }) => port === 8081);
    expect(decodeURIComponent(asked!.url)).to.equal("/204?a=[b]{c}'d'");
    expect(asked!.by).to.match(/^kube-probe/);
    expect(two.requests.find(({ port }) => port === 8080)).to.include({ url: "/?ms=1500" });
  })
  .shows("readiness.initialDelay", "is before the first time", ({ one }) => {
    expect(one.readiness!.initialDelaySeconds).to.equal(3);
    const [asked] = one.requests.filter(({ port }) => port === 8081);
    // The app began a moment after its container.
    expect(asked!.after).to.be.above(1_500);
  })
  .shows("readiness.period", "is between two times", ({ one, two }) => {
    expect(one.readiness!.periodSeconds).to.equal(2);
    expect(median(gaps(one.requests, 8081))).to.be.within(1.5, 2.5);
    expect(two.readiness!.periodSeconds).to.equal(1);
  })
  .shows("readiness.successThreshold", "is how often it has to be well", ({ one, two }) => {
    expect(one.readiness!.successThreshold).to.equal(2);
    expect(one.whenReady.filter(({ port }) => port === 8081)).to.have.length.of.at.least(2);
    expect(two.readiness!.successThreshold).to.equal(1);
  })
  .shows("readiness.timeout", "is how long an answer may take", ({ one, two }) => {
    expect(one.readiness!.timeoutSeconds).to.equal(2);
    expect(two.readiness!.timeoutSeconds).to.equal(4);
  })
  .shows("liveness.httpGet.path liveness.httpGet.port", "is where the app is asked", ({ one, two }) => {
    expect(one.liveness!.httpGet).to.deep.include({ path: "/alive", port: 8080 });
    expect(one.requests.find(({ port }) => port === 8080)).to.include({ url: "/alive" });
    expect(two.liveness!.httpGet).to.deep.include({ path: "/alive?again", port: 8081 });
  })
  .shows("liveness.initialDelay liveness.period liveness.timeout", "are said, and kept to", ({ one }) => {
    expect(one.liveness).to.include({ initialDelaySeconds: 1, periodSeconds: 1, timeoutSeconds: 3 });
    expect(median(gaps(one.requests, 8080))).to.be.within(0.7, 1.4);
  })
  .shows("liveness.failureThreshold", "is how often it may be ill before it is started anew", ({ ill }) => {
    expect(ill).to.equal(2);
  });

/** Who does not answer well, in time, or there at all. */
export const unreadyScene = new Scene(async (trial: Trial) => {
  const first = await trial.deploy({ ...fields, readiness: http("/") });
  const bad = (readiness: Probe) => trial.spec({ ...fields, readiness, rollout: { deadline: 15 } });
  await trial.fails(notReady, first, trial.target(first.ref, bad(http("/500"))));
  const fails = (name: string, readiness: Probe) =>
    trial.fails(notReady, null, trial.target(trial.ref({ name }), bad(readiness)));
  await fails("late", { ...http("/?ms=2500"), timeout: 1 });
  await fails("closed", http("/", "closed"));
})
  .shows("readiness.httpGet.path", "that answers badly lets nothing be replaced")
  .shows("readiness.timeout", "that is too short makes no replica ready")
  .shows("readiness.httpGet.port", "that nobody listens at makes no replica ready");

/** Whether the app takes connections. */
export const tcpScene = new Scene(async (trial: Trial) => {
  const first = await trial.deploy({ ...fields, readiness: tcp(), liveness: tcp("admin") });
  const one = await probesOf(trial, first);
  await restarted(trial, first, async () => trial.ask(await trial.pod(first), "/close"));
  const second = await trial.rebuild(first, { ...fields, readiness: tcp("admin"), liveness: tcp() });
  const closed = trial.spec({ ...fields, readiness: tcp("closed"), rollout: { deadline: 15 } });
  await trial.fails(notReady, null, trial.target(trial.ref({ name: "closed" }), closed));
  return { one, two: await probesOf(trial, second) };
})
  .shows("readiness.tcp.port", "has to take connections", ({ one, two }) => {
    expect(one.readiness!.tcpSocket).to.deep.include({ port: 8080 });
    expect(two.readiness!.tcpSocket).to.deep.include({ port: 8081 });
  })
  .shows("liveness.tcp.port", "that takes none any more has the app started anew", ({ one, two }) => {
    expect(one.liveness!.tcpSocket).to.deep.include({ port: 8081 });
    expect(two.liveness!.tcpSocket).to.deep.include({ port: 8080 });
  });

/** Whether a program in its container finds it well. */
export const execScene = new Scene(async (trial: Trial) => {
  const secrets = new Map([["v1", "s3cr3t"]]);
  const first = await trial.deploy(
    {
      workingDir: "/usr",
      env: [...env({ OPEN: "yes" }), { name: "PASSWORD", value: [{ secret: "v1" }] }],
      readiness: {
        ...exec("sh", "-c", 'echo "$OPEN $PASSWORD $PWD $(echo x)" > /tmp/asked && test ! -e /tmp/ill'),
        failureThreshold: 2,
      },
      liveness: { ...exec("test", "!", "-e", "/tmp/dead"), failureThreshold: 1 },
    },
    { secrets },
  );
  const asked = await trial.run(first, "cat", "/tmp/asked");
  const isReady = async () => (await statusOf(trial, first)).ready;
  await trial.run(first, "touch", "/tmp/ill");
  await trial.until("it gets no requests", async () => !(await isReady()));
  await trial.run(first, "rm", "/tmp/ill");
  await trial.until("it gets requests again", isReady);
  const { restartCount } = await statusOf(trial, first);
  await restarted(trial, first, () => trial.run(first, "touch", "/tmp/dead"));
  const bad = trial.spec({ readiness: exec("false"), rollout: { deadline: 15 } });
  await trial.fails(notReady, null, trial.target(trial.ref({ name: "bad" }), bad));
  return { asked, restartCount, ...(await probesOf(trial, first)) };
})
  .shows("readiness.exec.command", "runs in the container, with the app's variables", (seen) => {
    expect(seen.asked).to.equal("yes s3cr3t /usr x\n");
    expect(seen.restartCount, "it gets no requests, and is left alone").to.equal(0);
  })
  .shows("readiness.failureThreshold", "is how often it may be ill and get requests", ({ readiness }) => {
    expect(readiness!.failureThreshold).to.equal(2);
  })
  .shows("liveness.exec.command", "that fails has the app started anew", ({ liveness }) => {
    expect(liveness!.exec!.command).to.deep.equal(["test", "!", "-e", "/tmp/dead"]);
  });
