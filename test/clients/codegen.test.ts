import { readFileSync } from "node:fs";
import { cp, mkdir, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { dirname, join, relative, resolve } from "node:path";
import { expect } from "chai";
import { buildSchema, parse, print, separateOperations, validate } from "graphql";
import { specifiedRules } from "graphql/validation/specifiedRules.js";
import { limitRules, limits } from "../../src/api/limits.js";
import { tempFolder } from "../support/temp-folder.js";
import { compile } from "./compile.js";
import { type GeneratedFile, generateSdk } from "./generated-sdk.js";

const clients = "examples/clients";

const compilerOptions = {
  target: "ES2022",
  module: "ESNext",
  moduleResolution: "Bundler",
  lib: ["ES2023", "DOM"],
  types: [],
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  noUnusedLocals: true,
  verbatimModuleSyntax: true,
  noEmit: true,
};

/** A client as somebody would write it on top of the SDK. */
const usage = `import type { TypedDocumentNode } from "@graphql-typed-document-node/core";
import { print } from "graphql";
import { createClient } from "graphql-ws";
import * as sdk from "./sdk/rebake.js";
import type { Cursor, DateTime } from "./sdk/scalars.js";

export const client = createClient({ url: "ws://127.0.0.1:4000/graphql" });

export async function ask<D, V extends Record<string, unknown>>(
  document: TypedDocumentNode<D, V>, variables: V): Promise<D> {
  for await (const { data } of client.iterate<D>({ query: print(document), variables })) {
    if (data) return data;
  }
  throw new Error("no answer");
}

export async function everything(): Promise<string[]> {
  const seen: string[] = [];
  const { services } = await ask(sdk.ServicesDocument, { filter: { environment: "DASHBOARD", hasUpdate: true } });
  for (const { node } of services.edges) {
    const revision: number | null = node.revision;
    const since: DateTime | undefined = node.update?.since;
    seen.push(node.name, node.environment.code, node.recipe.name, String(revision), since ?? "current");
  }
  const { updates, cursor } = await ask(sdk.UpdatesDocument, { first: 100 });
  const unread: number = updates.unreadCount + updates.totalCount;
  const after: Cursor = cursor;
  const { recipe } = await ask(sdk.RecipeDocument, { name: "shop" });
  for (const { node } of recipe?.revisions.edges ?? []) {
    seen.push(\`\${node.number} \${node.author} \${node.changes.map(({ path }) => path.join(".")).join()}\`);
  }
  const { bumpRecipe } = await ask(sdk.BumpRecipeDocument, {
    input: { recipe: "shop", expectedRevision: unread, spec: { rollout: { order: "START_FIRST" } } } });
  seen.push(...bumpRecipe.errors.map(({ code }) => (code === "CONFLICT" ? "again" : code)));
  const { rebuildService } = await ask(sdk.RebuildServiceDocument, { service: services.edges[0]!.node.id });
  if (rebuildService.operation) {
    const { node } = await ask(sdk.OperationDocument, { id: rebuildService.operation.id });
    if (node && "steps" in node) seen.push(node.state, ...node.steps.map((step) => \`\${step.done}/\${step.of}\`));
    await ask(sdk.CancelOperationDocument, { operation: rebuildService.operation.id });
  }
  await ask(sdk.DeployServiceDocument, { input: { environment: "DASHBOARD", recipe: "shop", name: "more" } });
  for await (const { data } of client.iterate<sdk.UpdateEventsSubscription>({
    query: print(sdk.UpdateEventsDocument), variables: { after } })) {
    if (data?.updates.__typename === "UpdateResolved") seen.push(data.updates.update.service.name);
  }
  return seen;
}

export async function allAtOnce(): Promise<string | undefined> {
  const { rebuildAffected } = await ask(sdk.RebuildAffectedDocument, { input: { filter: { recipe: "shop" } } });
  return rebuildAffected.bulkRebuild?.items.edges.find(({ node }) => node.operation)?.node.service.name;
}

type DataOf<T> = T extends TypedDocumentNode<infer D, infer _V> ? D : never;
export const progress = ({ operationProgress }: DataOf<typeof sdk.OperationProgressDocument>) =>
  operationProgress.operation.steps.filter(({ state }) => state === "DONE").length;
export const bulk = ({ bulkRebuildProgress }: DataOf<typeof sdk.BulkRebuildProgressDocument>): number =>
  bulkRebuildProgress.bulkRebuild.succeeded;
export const changed = ({ serviceChanged }: DataOf<typeof sdk.ServiceChangedDocument>): sdk.ServiceState =>
  serviceChanged.state;
export const available = ({ updateAvailable }: DataOf<typeof sdk.UpdateAvailableDocument>): Cursor =>
  updateAvailable.cursor;
export const log = ({ operationLog }: DataOf<typeof sdk.OperationLogDocument>): string[] =>
  operationLog.map(({ line, instance, stream }) => \`\${stream} \${instance ?? "-"} \${line}\`);
`;

const wrong = {
  "a field that was not asked for": [
    "export const x = async () => (await ask(sdk.ServicesDocument, {})).services.edges[0]!.node.tasks;",
    /Property 'tasks' does not exist/,
  ],
  "a null that is not dealt with": [
    'export const x = async () => (await ask(sdk.RecipeDocument, { name: "shop" })).recipe.name;',
    /possibly 'null'/,
  ],
  "a variable that is missing": [
    "export const x = ask(sdk.RebuildServiceDocument, {});",
    /'service' is missing/,
  ],
  "a state that does not exist": [
    'export const x = (state: sdk.OperationState) => state === "FINISHED";',
    /no overlap/,
  ],
  "an input field that does not exist": [
    'export const x = ask(sdk.BumpRecipeDocument, { input: { recipe: "shop", spec: { replicas: 2 } } });',
    /'replicas' does not exist/,
  ],
  "a page's cursor where one of an event is meant": [
    `export const x = async () => {
      const { updates } = await ask(sdk.UpdatesDocument, {});
      return ask(sdk.UpdateEventsDocument, { after: updates.pageInfo.endCursor! });
    };`,
    /'string' is not assignable to type 'Cursor'/,
  ],
} satisfies Record<string, [string, RegExp]>;

describe("an SDK generated from the schema", function () {
  this.timeout(120_000);
  const folder = tempFolder();
  let generated: GeneratedFile[];

  before(async () => {
    generated = await generateSdk(clients);
    await cp(join(clients, "sdk"), join(folder.path, "sdk"), { recursive: true });
    for (const { path, text } of generated) {
      const target = join(folder.path, relative(clients, path));
      await mkdir(dirname(target), { recursive: true });
      await writeFile(target, text);
    }
    await symlink(resolve("node_modules"), join(folder.path, "node_modules"));
    await writeFile(
      join(folder.path, "tsconfig.json"),
      JSON.stringify({ compilerOptions, include: ["*.ts", "sdk"] }),
    );
  });

  const compiled = async (text: string) => {
    await writeFile(join(folder.path, "usage.ts"), text);
    return compile(folder.path);
  };

  it("is the committed one (npm run schema brings it up to date)", () => {
    for (const { path, text } of generated) {
      expect(text === readFileSync(path, "utf8"), path).to.equal(true);
    }
  });

  it("asks for nothing that is above the server's limits", async () => {
    const schema = buildSchema(await readFile("schema/schema.graphql", "utf8"));
    const folder = join(clients, "operations");
    const texts = (await readdir(folder)).map((name) => readFileSync(join(folder, name), "utf8"));
    const documents = Object.entries(separateOperations(parse(texts.join("\n"))));
    expect(documents).not.to.have.length(0);
    for (const [name, document] of documents) {
      const rules = [...specifiedRules, ...limitRules({ introspection: true })];
      expect(validate(schema, document, rules), name).to.deep.equal([]);
      expect(print(document).length, name).to.be.at.most(limits.documentCharacters);
    }
  });

  it("gives every scalar a type of its own", async () => {
    const { config } = JSON.parse(await readFile(join(clients, "codegen.json"), "utf8")).generates[
      "sdk/rebake.ts"
    ];
    expect(config.strictScalars).to.equal(true);
    const schema = await readFile("schema/schema.graphql", "utf8");
    const declared = [...schema.matchAll(/^scalar (\w+)/gm)].map(([, name]) => name);
    expect(Object.keys(config.scalars)).to.have.members(["ID", ...declared]);
    expect(generated.map(({ text }) => text).join()).not.to.match(/: any\b/);
  });

  it("compiles under strict with a client that uses all of it", async () => {
    expect(await compiled(usage)).to.deep.equal([]);
  });

  for (const [what, [line, message]] of Object.entries(wrong)) {
    it(`does not compile with ${what}`, async () => {
      const found = await compiled(usage + line);
      expect(found.join("\n")).to.match(message);
    });
  }
});
