import { expect } from "chai";
import type { Target } from "../../../../src/operations/driver.js";
import type { SpecFields } from "../../bench.js";
import { type Fields, idle, type Trial } from "../trial.js";
import { type FieldCase, field } from "./field.js";

type Probe = NonNullable<SpecFields["readiness"]>;
const none = { httpGet: null, tcp: null, exec: null, period: 1, timeout: 20, failureThreshold: 9 };
const http = (path: string, port: string | null = null): Probe => ({ ...none, httpGet: { path, port } });
const tcp = (port: string | null = null): Probe => ({ ...none, tcp: { port } });
const exec = (...command: string[]): Probe => ({ ...none, exec: { command } });

/** Answers with the status that its path says; waits before it listens. */
export const statusServer = `setTimeout(() => require("node:http").createServer((request, response) => {
    response.statusCode = Number(request.url.slice(1, 4)) || 200;
    if (response.statusCode === 302) response.setHeader("location", "/500");
    response.end();
  }).listen(Number(process.env.REBAKE_PORT)), 500);
  process.on("SIGTERM", () => process.exit(0));`;

const ports = [
  { name: "http", target: 8080 },
  { name: "closed", target: 8081 },
];
const app: Fields = { command: ["node", "-e", statusServer], ports, endpointMode: "DNSRR" };

/** The engine found it ready, by its probe. */
async function expectHealthy(trial: Trial, target: Target): Promise<void> {
  const { Health } = (await trial.container(target)).State;
  expect(Health!.Status).to.equal("healthy");
}

let apps = 0;

/** With these probes it gets ready; with each of those it does not, for that reason. */
export async function probes(
  trial: Trial,
  fields: Fields,
  facts: Partial<Target>,
  good: Probe[],
  bad: [Probe, "PROBE_FAILED" | "NOT_LISTENING", RegExp][],
): Promise<Target> {
  const ref = trial.ref({ name: `app-${++apps}` });
  let last: Target | null = null;
  for (const readiness of good) {
    last = last
      ? await trial.rebuild(last, { ...fields, readiness }, facts)
      : await trial.deploy({ ...fields, readiness }, facts, ref);
    await expectHealthy(trial, last);
  }
  for (const [readiness, code, why] of bad) {
    const spec = trial.spec({ ...fields, readiness, rollout: { deadline: 10 } });
    const target = trial.target(last!.ref, spec, { image: last!.image, ...facts });
    expect(await trial.fails(code, last, target)).to.match(why);
  }
  return last!;
}

/** When a replica may get requests. */
export const readinessFields: FieldCase[] = [
  field("readiness.httpGet.path readiness.httpGet.port", "asks the app, with what its image has", (trial) =>
    probes(
      trial,
      app,
      {},
      [http("/200"), http("/302?a=[b]{c}'d'"), http("/", "http")],
      [
        [http("/500"), "PROBE_FAILED", /500/],
        [http("/", "closed"), "NOT_LISTENING", /8080/],
      ],
    ).then(() => undefined),
  ),

  field("readiness.tcp.port", "connects to the app, with what its image has", (trial) =>
    probes(trial, app, {}, [tcp(), tcp("http")], [[tcp("closed"), "NOT_LISTENING", /8080/]]).then(
      () => undefined,
    ),
  ),

  field(
    "readiness.httpGet.path readiness.tcp.port",
    "work in an image that has nothing but a shell",
    (trial) =>
      probes(
        trial,
        { command: null, ports: [{ name: "http", target: 80 }, ports[1]!], endpointMode: "DNSRR" },
        { image: trial.lab.nginx },
        [http("/"), tcp(), exec("test", "-e", "/run/nginx.pid")],
        [
          [http("/nope"), "PROBE_FAILED", /404/],
          [tcp("closed"), "NOT_LISTENING", /80/],
        ],
      ).then(() => undefined),
  ),

  field("readiness.exec.command", "runs in the container, with the app's variables", async (trial) => {
    const secrets = new Map([["v1", "s3cr3t"]]);
    const env = [
      { name: "OPEN", value: ["yes"] },
      { name: "PASSWORD", value: [{ secret: "v1" }] },
    ];
    const check = (script: string) => exec("sh", "-c", script);
    await probes(
      trial,
      { command: idle, workingDir: "/usr", env },
      { secrets },
      [check('test "$OPEN $PASSWORD $PWD" = "yes s3cr3t /usr"')],
      [[check("echo no database; exit 7"), "PROBE_FAILED", /no database/]],
    );
    await probes(
      trial,
      { command: idle },
      {},
      [exec("test", "-d", "/proc")],
      [[exec("false"), "PROBE_FAILED", /.*/]],
    );
  }),

  field(
    "readiness.period readiness.timeout readiness.failureThreshold readiness.initialDelay",
    "are the engine's own, and a replica that is not well any more is replaced",
    async (trial) => {
      const probe = (fields: Partial<Probe>) => ({ ...exec("test", "!", "-e", "/tmp/ill"), ...fields });
      const first = await trial.deploy({
        readiness: probe({ period: 3, timeout: 7, failureThreshold: 100, initialDelay: 5 }),
        rollout: { deadline: 50 },
      });
      const timing = async (target: Target) => {
        const { Interval, Timeout, Retries, StartPeriod } = (await trial.container(target)).Config
          .Healthcheck!;
        return [Interval, Timeout, StartPeriod].map((one) => one! / 1e9).concat(Retries!);
      };
      expect(await timing(first)).to.deep.equal([3, 8, 55, 100]);
      const second = await trial.rebuild(first, {
        readiness: probe({ period: 1, timeout: 2, failureThreshold: 2, initialDelay: 0 }),
        rollout: { deadline: 40 },
      });
      expect(await timing(second)).to.deep.equal([1, 3, 40, 2]);
      const { Id } = await trial.container(second);
      await trial.run(second, "touch", "/tmp/ill");
      await trial.until("another one runs", async () => {
        const [found] = await trial.containers(second.ref);
        return found && found.Id !== Id;
      });
      const { State } = await trial.lab.docker.getContainer(Id).inspect();
      expect(State.Health!.Status).to.equal("unhealthy");
      expect(State.Health!.FailingStreak).to.be.at.least(2);
    },
  ),

  field("readiness.exec.command", "is not asked for where there is none", async (trial) => {
    const first = await trial.deploy({ readiness: exec("true") });
    await expectHealthy(trial, first);
    const second = await trial.rebuild(first, { readiness: null });
    expect((await trial.container(second)).Config.Healthcheck ?? null).to.equal(null);
  }),
];
