import { expect } from "chai";
import type { Target } from "../../../../src/operations/driver.js";
import { gitCredential as credential, repositories } from "../../fields/repositories.js";
import { hostAddress } from "../../machine.js";
import type { Trial } from "../trial.js";
import { env, type FieldCase, field } from "./field.js";
import { probes, statusServer } from "./readiness.js";

/** What the app that the deployer has started says of itself, with `/about` of the fixture's. */
async function app(trial: Trial, target: Target) {
  const { Id } = await trial.container(target);
  const script = `require("node:http").get({ port: process.env.REBAKE_PORT, path: "/about" }, (response) => response.pipe(process.stdout))`;
  const { code, out } = await trial.lab.exec(Id, ["node", "-e", script]);
  expect(code, out).to.equal(0);
  return JSON.parse(out) as { version: string; cwd: string; argv: string[]; env: Record<string, string> };
}

const aboutServer = (version: string) => `
  require("node:http").createServer((request, response) => {
    if (request.url === "/about") {
      response.end(JSON.stringify({ version: ${JSON.stringify(version)}, cwd: process.cwd(), argv: process.argv.slice(2), env: process.env }));
    } else {
      response.statusCode = 204;
      response.end();
    }
  }).listen(Number(process.env.REBAKE_PORT));
  process.on("SIGTERM", () => process.exit(0));`;

/** Apps that are made from a repository. */
export const sourceFields: FieldCase[] = [
  field(
    "source.repository source.branch source.commit source.path source.credential command args workingDir env.value",
    "say what runs, from which commit, where and with what",
    async (trial) => {
      const { url, app: repository, publish } = await repositories(trial, hostAddress);
      const files = (version: string) => ({ "server.cjs": aboutServer(version), "in/deep/keep": "" });
      const first = await repository.commit(files("one"));
      await repository.git("checkout", "--quiet", "-b", "next/two");
      const second = await repository.commit({
        "shop/server.cjs": aboutServer("two"),
        "shop/package.json": JSON.stringify({ name: "shop", scripts: { start: "node server.cjs" } }),
      });
      await publish();
      const source = (fields: object) => ({
        ...{ repository: `${url}/app`, branch: "main", commit: null, path: null, credential: "git" },
        ...fields,
      });
      const secrets = new Map([["v1", "s3cr3t\n{{.Task.ID}}"]]);
      const common = {
        ports: [{ name: "http", target: 3000 }],
        readiness: { httpGet: { path: "/" }, period: 1 },
        endpointMode: "DNSRR" as const,
      };
      const old = await trial.deploy(
        {
          ...common,
          source: source({}),
          command: ["node"],
          args: ["../../server.cjs", "{{.Task.ID}}"],
          workingDir: "in/deep",
          env: [...env({ OPEN: "{{x}}" }), { name: "PASSWORD", value: [{ secret: "v1" }] }],
        },
        { commit: first, gitCredential: credential, secrets },
      );
      const one = await app(trial, old);
      expect(one).to.deep.include({ version: "one", argv: ["{{.Task.ID}}"] });
      expect(one.cwd).to.match(/\/in\/deep$/);
      expect(one.env).to.include({
        OPEN: "{{x}}",
        PASSWORD: secrets.get("v1"),
        REBAKE_COMMIT: first,
        REBAKE_BRANCH: "main",
        REBAKE_PORT: "3000",
      });
      expect(one.env).not.to.have.property("REBAKE_JOB");
      const next = await trial.rebuild(
        old,
        { ...common, source: source({ branch: "next/two", path: "shop" }), command: null },
        { commit: second, gitCredential: credential },
      );
      const two = await app(trial, next);
      expect(two).to.deep.include({ version: "two", argv: [] });
      expect(two.cwd).to.match(/\/shop$/);
      expect(two.env).to.include({ REBAKE_COMMIT: second, REBAKE_BRANCH: "next/two" });
      expect(two.env).not.to.have.any.keys("PASSWORD", "OPEN");

      const wrong = { ...credential, password: "n0t-it" };
      const late = await repository.commit({ "shop/new": "" });
      await publish();
      const refused = trial.target(old.ref, next.spec, { commit: late, gitCredential: wrong });
      await trial.fails("REPOSITORY_UNREACHABLE", next, refused);
      const told = JSON.stringify([
        await trial.container(next),
        await trial.service(next.ref),
        await trial.remains(),
      ]);
      expect(told).not.to.match(/t0ken-of-git|n0t-it|s3cr3t/);
    },
  ),

  field(
    "readiness.httpGet.path readiness.tcp.port readiness.exec.command",
    "are tried by the deployer where there is one",
    async (trial) => {
      const { url, app: repository, publish } = await repositories(trial, hostAddress);
      const commit = await repository.commit({ "server.cjs": statusServer, "in/here": "" });
      await publish();
      const none = { httpGet: null, tcp: null, exec: null, period: 2, timeout: 20, failureThreshold: 9 };
      const check = (script: string) => ({ ...none, exec: { command: ["sh", "-c", script] } });
      const http = (path: string) => ({ ...none, httpGet: { path } });
      await probes(
        trial,
        {
          source: { repository: `${url}/app`, branch: "main", commit: null, path: null, credential: "git" },
          command: ["node", "../server.cjs"],
          workingDir: "in",
          ports: [
            { name: "http", target: 8080 },
            { name: "closed", target: 8081 },
          ],
          env: [{ name: "PASSWORD", value: [{ secret: "v1" }] }],
          endpointMode: "DNSRR",
        },
        { commit, gitCredential: credential, secrets: new Map([["v1", "s3cr3t"]]) },
        [
          http("/204?a=[b]{c}'d'"),
          { ...none, tcp: {} },
          check('test -e here && test "$PASSWORD" = s3cr3t && test -z "$REBAKE_JOB"'),
        ],
        [
          [http("/503"), "PROBE_FAILED", /503/],
          [{ ...none, tcp: { port: "closed" } }, "NOT_LISTENING", /8080/],
          [check("echo no database; exit 7"), "PROBE_FAILED", /no database/],
        ],
      );
    },
  ),
];
