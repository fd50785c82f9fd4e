import { execFileSync } from "node:child_process";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { eventually } from "../support/eventually.js";
import { deploy, rebuild, serviceNamed, verdictOf } from "../support/operations.js";
import { RebakeProcess } from "../support/rebake-process.js";
import { tempFolder } from "../support/temp-folder.js";

const app =
  'require("node:http").createServer((_, r) => r.end(process.env.GREETING + process.env.KEY)).listen(process.env.REBAKE_PORT)';
const spec = (greeting: string) => ({
  command: ["node", "-e", app],
  ports: [{ name: "http", target: 3000 }],
  readiness: { httpGet: { path: "/", port: "http" }, period: 1 },
  rollout: { monitor: 0, drain: 0, deadline: 20 },
  env: [
    { name: "GREETING", kind: "STATIC", value: greeting },
    { name: "KEY", kind: "SECRET" },
  ],
});

describe("a backup of the home folder", function () {
  this.timeout(120_000);
  after(() => RebakeProcess.endAll());
  const folder = tempFolder();
  const home = () => join(folder.path, "home");
  const backup = () => join(folder.path, "backup");
  let service: string;

  const bump = (rebake: RebakeProcess, greeting: string) =>
    rebake.mutate(
      'mutation ($spec: RecipeSpecInput!) { p: bumpRecipe(input: { recipe: "app", spec: $spec }) { errors { message } } }',
      { spec: { env: spec(greeting).env } },
    );

  const answers = async (rebake: RebakeProcess, expected: string) => {
    const { ports } = await serviceNamed(rebake, "DEV", "app");
    await eventually(async () => (await (await fetch(`http://${ports[0].address}/`)).text()) === expected, {
      deadline: 20_000,
      what: `it answers ${expected}`,
    });
  };

  it("is taken with the server stopped", async () => {
    const rebake = await RebakeProcess.start(home());
    await rebake.mutate(
      'mutation { p: createEnvironment(input: { code: "DEV", driver: PROCESS }) { errors { message } } }',
    );
    await rebake.mutate(
      'mutation ($spec: RecipeSpecInput!) { p: createRecipe(input: { name: "app", spec: $spec }) { errors { message } } }',
      { spec: spec("one ") },
    );
    const inputs = [{ name: "KEY", value: "s3cr3t" }];
    const deployed = await deploy(rebake, { environment: "DEV", recipe: "app", name: "app", inputs });
    service = deployed.service;
    expect((await verdictOf(rebake, deployed.operation)).state).to.equal("SUCCEEDED");
    await bump(rebake, "two ");
    await rebake.end("SIGTERM");
    execFileSync("cp", ["-a", home(), backup()]);
  });

  it("brings everything back as it was then: services, secrets, Updates", async () => {
    const later = await RebakeProcess.start(home());
    await bump(later, "three ");
    expect((await verdictOf(later, await rebuild(later, service))).state).to.equal("SUCCEEDED");
    const { cursor } = await later.graphql("{ cursor }");
    await later.end("SIGTERM");
    await rm(home(), { recursive: true });
    execFileSync("cp", ["-a", backup(), home()]);

    const restored = await RebakeProcess.start(home());
    await answers(restored, "one s3cr3t");
    const { update, revision } = await serviceNamed(restored, "DEV", "app");
    expect([revision, update.fromRevision, update.toRevision]).to.deep.equal([1, 1, 2]);
    // What clients have seen of the time after the backup is not known any more: they are told to list again.
    const feed = restored.subscribe("subscription ($after: Cursor) { updates(after: $after) { cursor } }", {
      after: cursor,
    });
    const refusal = await feed.done.catch((error) => error);
    expect(JSON.stringify(refusal)).to.contain("CURSOR_INVALID");
    expect((await verdictOf(restored, await rebuild(restored, service))).state).to.equal("SUCCEEDED");
    await answers(restored, "two s3cr3t");
  });
});
