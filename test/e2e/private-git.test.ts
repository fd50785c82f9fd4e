import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { GitServer } from "../deployer/git-server.js";
import { appSource } from "../drivers/app-fixture.js";
import { GitFixture } from "../drivers/git-fixture.js";
import { testDatabase } from "../support/cluster.js";
import { deploy, rebuild, serviceNamed, verdictOf } from "../support/operations.js";
import { RebakeProcess } from "../support/rebake-process.js";
import { createEnvironment, createRecipe } from "../support/recipes.js";
import { holds } from "../support/spellings.js";
import { tempFolder } from "../support/temp-folder.js";

const token = "ghp-Narwhal-9912-Theremin-3307-Ibex";

/** What can be seen of a process from outside. */
function lookAt(pid: string): { program: string; args: string; environment: string } | null {
  try {
    const args = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
    const environment = readFileSync(`/proc/${pid}/environ`, "utf8");
    return { program: args.split(" ")[0]!, args, environment };
  } catch {
    return null;
  }
}

describe("a private git repository over HTTPS", function () {
  this.timeout(120_000);
  after(async () => {
    await RebakeProcess.endAll();
    server?.close();
  });
  const database = testDatabase({ empty: true });
  const folder = tempFolder();
  const home = () => join(folder.path, "home");
  /** Of every moment at which git asked for something. */
  const seen: { args: string[]; environments: string[]; git: number } = {
    args: [],
    environments: [],
    git: 0,
  };
  let rebake: RebakeProcess;
  let server: GitServer;
  let repository: GitFixture;
  let service: string;

  function sample(): void {
    for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
      const found = lookAt(pid);
      if (!found) {
        continue;
      }
      // What git starts is known by a variable that git gives it: between fork and exec it has no name of its own.
      const isGit = /(^|\/)git[^/]*$/.test(found.program) || found.environment.includes("\0GIT_EXEC_PATH=");
      seen.git += isGit && holds(found.environment, token) ? 1 : 0;
      seen.args.push(found.args);
      if (!isGit) {
        seen.environments.push(found.environment);
      }
    }
  }

  before(async function () {
    if (process.platform !== "linux") {
      this.skip();
    }
    const [key, cert] = [join(folder.path, "key.pem"), join(folder.path, "cert.pem")];
    execFileSync(
      "openssl",
      [
        ...["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1"],
        ...["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", cert],
      ],
      { stdio: "ignore" },
    );
    repository = await GitFixture.create(join(folder.path, "repository"));
    await repository.commit({ "package.json": '{"name":"app"}', "server.mjs": appSource("one") });
    await repository.git("clone", "--quiet", "--bare", ".", join(folder.path, "served.git"));
    await repository.git("--git-dir", join(folder.path, "served.git"), "update-server-info");
    const tls = { key: readFileSync(key, "utf8"), cert: readFileSync(cert, "utf8") };
    server = await GitServer.open(folder.path, "bot", token, { tls, onRequest: sample });
    const env = { DATABASE_URL: database.url, REBAKE_LOG_LEVEL: "trace", GIT_SSL_CAINFO: cert };
    rebake = await RebakeProcess.start(home(), env);
    await createEnvironment(rebake, "DEV");
    await createRecipe(rebake, "app", {
      source: { repository: `${server.url}/served.git`, branch: "main", credential: "forge" },
      command: ["node", "server.mjs"],
      ports: [{ name: "http", target: 3000 }],
      readiness: { httpGet: { path: "/health" }, period: 1 },
      rollout: { monitor: 0, drain: 0, deadline: 20 },
    });
  });
  const credential = (mutation: string, input: object) =>
    rebake.mutate(
      `mutation($input: ${mutation[0]!.toUpperCase()}${mutation.slice(1)}Input!) { ${mutation}(input: $input) { credential { id } errors { code message } } }`,
      { input },
    );

  it("is not deployed without the credential that its recipe names, and says which", async () => {
    const deployed = await deploy(rebake, { environment: "DEV", recipe: "app", name: "app" });
    service = deployed.service;
    const verdict = await verdictOf(rebake, deployed.operation);
    expect([verdict.state, verdict.cause.code]).to.deep.equal(["FAILED", "CREDENTIAL_MISSING"]);
    expect(verdict.cause.message).to.contain("forge");
  });

  it("is deployed with it", async () => {
    await credential("createCredential", { name: "forge", kind: "GIT", username: "bot", secret: token });
    const verdict = await verdictOf(rebake, await rebuild(rebake, service));
    expect(verdict.state, JSON.stringify(verdict.cause)).to.equal("SUCCEEDED");
    const { ports } = await serviceNamed(rebake, "DEV", "app");
    const app = (await (await fetch(`http://${ports[0].address}/env`)).json()) as object;
    expect(holds(JSON.stringify(app), token)).to.equal(false);
  });

  it("keeps the old one serving and says so when the token is no good any more", async () => {
    await credential("replaceCredential", { credential: "forge", secret: "wrong" });
    const verdict = await verdictOf(rebake, await rebuild(rebake, service));
    expect([verdict.state, verdict.cause.code]).to.deep.equal(["FAILED", "REPOSITORY_UNREACHABLE"]);
    const { ports } = await serviceNamed(rebake, "DEV", "app");
    expect((await fetch(`http://${ports[0].address}/health`)).status).to.equal(200);
    await credential("replaceCredential", { credential: "forge", secret: token });
  });

  it("leaves its token in no list of processes, but in the environment of git alone", () => {
    expect(seen.git).to.be.greaterThan(0);
    expect(seen.args.some((args) => args.includes("served.git"))).to.equal(true);
    expect(seen.args.filter((args) => holds(args, token))).to.deep.equal([]);
    expect(seen.environments.filter((environment) => holds(environment, token))).to.deep.equal([]);
  });

  it("leaves it in no table, no answer and no file", async () => {
    const { dataSource } = await database.open();
    const tables: { name: string }[] = await dataSource.query(
      "select quote_ident(tablename) as name from pg_tables where schemaname = 'public'",
    );
    for (const { name } of tables) {
      const rows: { text: string }[] = await dataSource.query(`select t::text as text from ${name} as t`);
      expect(holds(rows.map(({ text }) => text).join("\n"), token), name).to.equal(false);
    }
    const answer = await rebake.graphql(
      `{ credentials { edges { node { id name kind username server } } }
         operations { edges { node { cause { message lastLines } log { edges { node { line } } } } } }
         recipe(name: "app") { current { spec { source { repository credential } } } } }`,
    );
    expect(JSON.stringify(answer)).to.contain("served.git");
    expect(holds(JSON.stringify(answer), token)).to.equal(false);
    const entries = await readdir(home(), { recursive: true, withFileTypes: true });
    for (const entry of entries.filter((each) => each.isFile())) {
      const file = join(entry.parentPath, entry.name);
      expect(holds(await readFile(file, "latin1"), token), file).to.equal(false);
    }
  });

  it("leaves it in nothing the server printed", async () => {
    await rebake.end("SIGTERM");
    const output = rebake.output.join("\n");
    expect(output).to.contain('"msg":"stopped"');
    expect(holds(output, token)).to.equal(false);
  });
});
