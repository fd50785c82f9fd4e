import { execFile } from "node:child_process";
import { cp, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { expect } from "chai";
import { tempFolder } from "../support/temp-folder.js";

const compiler: string = createRequire(import.meta.url)("relay-compiler");

/** What relay-compiler says of a project, and whether it accepted it. */
function runCompiler(folder: string): Promise<{ ok: boolean; output: string }> {
  return new Promise((done) => {
    execFile(compiler, ["relay.config.json"], { cwd: folder }, (error, stdout, stderr) =>
      done({ ok: error === null, output: stdout + stderr }),
    );
  });
}

describe("Relay's compiler", function () {
  this.timeout(120_000);
  const folder = tempFolder();
  let project: string;
  let generated: string;

  before(async () => {
    // As in the repository, so that the path of the schema in the configuration is right.
    project = join(folder.path, "examples", "clients", "relay");
    generated = join(project, "src", "__generated__");
    await cp("examples/clients/relay", project, {
      recursive: true,
      filter: (path) => !path.includes("__generated__"),
    });
    await mkdir(join(folder.path, "schema"));
    await cp("schema/schema.graphql", join(folder.path, "schema", "schema.graphql"));
  });

  it("accepts the schema with fragments, connections, refetching and subscriptions", async () => {
    const { ok, output } = await runCompiler(project);
    expect(ok, output).to.equal(true);
    expect(output).not.to.match(/\[ERROR\]|\[WARN\]/);
    expect(await readdir(generated)).to.include.members([
      "ServiceListPaginationQuery.graphql.ts",
      "ServiceList_services.graphql.ts",
      "ServiceRowRebuildMutation.graphql.ts",
      "UpdateListPaginationQuery.graphql.ts",
      "UpdateListAvailableSubscription.graphql.ts",
      "UpdateListResolvedSubscription.graphql.ts",
      "OperationStepsLogPaginationQuery.graphql.ts",
    ]);
  });

  it("finds a service again by its id alone", async () => {
    const query = await readFile(join(generated, "ServiceRowRefetchQuery.graphql.ts"), "utf8");
    expect(query).to.match(/node\(id: \$id\)/);
  });

  it("does not accept a schema whose lists are no connections", async () => {
    const file = join(folder.path, "schema", "schema.graphql");
    const schema = await readFile(file, "utf8");
    await writeFile(file, schema.replace(/^ {2}pageInfo: PageInfo!$/gm, "  page: PageInfo!"));
    const { ok, output } = await runCompiler(project);
    expect(ok).to.equal(false);
    expect(output).to.match(/pageInfo/);
  });
});
