import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { buildSchema, type DocumentNode, Kind, type OperationDefinitionNode, parse, validate } from "graphql";
import { specifiedRules } from "graphql/validation/specifiedRules.js";
import { limitRules } from "../src/api/limits.js";
import { computedNames } from "../src/domain/rendered-spec.js";
import { makeExampleRepository } from "../src/install/example-repository.js";
import { testDatabase } from "./support/cluster.js";
import { type Example, examplesOf } from "./support/doc-examples.js";
import { eventually } from "./support/eventually.js";
import { verdictOf } from "./support/operations.js";
import { RebakeProcess, type Subscribed } from "./support/rebake-process.js";
import { tempFolder } from "./support/temp-folder.js";

// Examples are run in the order of these pages; what one page makes, the next one finds.
const first = ["README.md", "docs/api.md", "docs/recipes.md"];
const rest = readdirSync("docs").map((name) => `docs/${name}`);
const pages = [...new Set([...first, ...rest])];
/** What the pages call a repository of the reader's own. */
const readersRepository = "https://git.example.com/you/hello.git";

const schema = buildSchema(readFileSync("schema/schema.graphql", "utf8"));
const rules = [...specifiedRules, ...limitRules({ introspection: true })];

describe("documentation", () => {
  it("has the computed variables of the code, with the same words", () => {
    const [, section] = readFileSync("docs/recipes.md", "utf8").split(/^### Computed names$/m);
    const rows = [...section!.split(/^#/m)[0]!.matchAll(/^\| `\$([A-Z_]+)` +\| (.*?) +\|$/gm)];
    expect(Object.fromEntries(rows.map(([, name, text]) => [name, text]))).to.deep.equal(computedNames);
  });

  it("links to pages that are there", () => {
    const broken = pages.flatMap((page) =>
      [...readFileSync(page, "utf8").matchAll(/\]\((?!https?:|#)([^)#]+)(?:#[^)]*)?\)/g)]
        .map(([, target]) => join(page, "..", target!))
        .filter((target) => !existsSync(target))
        .map((target) => `${page} links to ${target}`),
    );
    expect(broken).to.deep.equal([]);
  });

  for (const page of pages) {
    for (const example of examplesOf(page)) {
      it(`has a valid example at ${page}:${example.line}`, () => {
        const problems = validate(schema, parse(example.text), rules);
        expect(problems.map((problem) => problem.message)).to.deep.equal([]);
      });
    }
  }
});

/** What a mutation answers; a query's fields have none of it. */
interface Answer {
  errors?: { code: string }[];
  cursor?: string;
  operation?: { id: string };
  bulkRebuild?: { id: string };
}

describe("examples of the documentation", function () {
  this.timeout(120_000);
  // Registered first, to run before its folder and database go.
  after(() => RebakeProcess.endAll());
  const folder = tempFolder();
  const database = testDatabase({ empty: true });
  let rebake: RebakeProcess;
  let repository: string;
  /** Of the latest answers. */
  let cursor = "0";
  let operation = "";
  let bulkRebuild = "";
  const live: Subscribed<unknown>[] = [];

  before(async () => {
    const home = join(folder.path, "home");
    rebake = await RebakeProcess.start(home, { DATABASE_URL: database.url, REBAKE_INSTALL: "examples" });
    repository = await makeExampleRepository("examples/shop", join(folder.path, "hello"));
    const { operations } = await rebake.graphql("{ operations { edges { node { id } } } }");
    for (const { node } of operations.edges) {
      expect((await verdictOf(rebake, node.id)).state).to.equal("SUCCEEDED");
    }
  });

  for (const page of pages) {
    for (const example of examplesOf(page)) {
      it(`work: ${page}:${example.line}`, () => run(example));
    }
  }

  it("are told of what the later ones do, where they subscribe to it", () => {
    for (const { events, stop } of live) {
      expect(events).not.to.deep.equal([]);
      stop();
    }
  });

  async function run(example: Example): Promise<void> {
    const document = parse(example.text);
    for (const text of example.variables.length > 0 ? example.variables : ["{}"]) {
      const variables = JSON.parse(await filledIn(text));
      const query = await filledIn(example.text);
      if (operationOf(document).operation === "subscription") {
        await follow(query, variables);
      } else {
        await answer(example, query, variables);
      }
    }
  }

  /** What a page writes in angle brackets is what the reader fills in. */
  async function filledIn(text: string): Promise<string> {
    let filled = text.replaceAll(readersRepository, repository);
    for (const [placeholder, what] of text.matchAll(/<([a-z -]+)>/g)) {
      filled = filled.replace(placeholder, await meaning(what!));
    }
    return filled;
  }

  async function meaning(what: string): Promise<string> {
    const [, service] = /^id of ([a-z-]+)$/.exec(what) ?? [];
    if (service) {
      const { services } = await rebake.graphql("{ services { edges { node { id name } } } }");
      return services.edges.find(({ node }: { node: { name: string } }) => node.name === service).node.id;
    }
    const latest = { cursor, "id of the operation": operation, "id of the bulk rebuild": bulkRebuild };
    expect(latest).to.have.property(what);
    return latest[what as keyof typeof latest];
  }

  async function answer({ errors: expected }: Example, query: string, variables: object): Promise<void> {
    const data = await rebake.graphql(query, variables);
    cursor = data.cursor ?? cursor;
    for (const value of Object.values(data as Record<string, Answer | null>)) {
      const errors = value?.errors ?? [];
      expect(
        errors.map(({ code }) => code),
        JSON.stringify(errors),
      ).to.deep.equal(expected);
      cursor = value?.cursor ?? cursor;
      operation = value?.operation?.id ?? operation;
      bulkRebuild = value?.bulkRebuild?.id ?? bulkRebuild;
    }
  }

  /** Those of an operation or a bulk rebuild end with it; the others have to show something when they replay what was. */
  async function follow(query: string, variables: Record<string, unknown>): Promise<void> {
    const subscribed = rebake.subscribe(query, variables);
    if ("operation" in variables || "bulkRebuild" in variables) {
      await subscribed.done;
    } else if ("after" in variables) {
      await Promise.race([
        eventually(() => subscribed.events.length > 0, { deadline: 10_000, what: "an event" }),
        subscribed.done,
      ]);
      subscribed.stop();
    } else {
      live.push(subscribed);
    }
  }
});

function operationOf(document: DocumentNode): OperationDefinitionNode {
  return document.definitions.find((each) => each.kind === Kind.OPERATION_DEFINITION)!;
}
