import { expect } from "chai";
import fc from "fast-check";
import {
  buildSchema,
  execute,
  type FragmentDefinitionNode,
  type GraphQLSchema,
  isObjectType,
  Kind,
  type OperationDefinitionNode,
  parse,
  validate,
} from "graphql";
import { planRead } from "../../src/api/read-plan.js";

/** Fields that fail, lack a value, or answer at once, later or in pieces, by their names. */
const sdl = `
  enum Colour { RED GREEN }
  interface Named { name: String! }
  type Thing implements Named {
    name: String! colour: Colour! number: Int size: Float ok: Boolean id: ID! later: String!
    absent: String lacking: String! broken: String rejected: String brokenLater: String badColour: Colour badList: [Int!]!
    other: Thing otherLater: Thing! none: Thing things(first: Int = 2): [Thing!]! mixed: [Thing]! matrix: [[Int!]!]!
    named: Named method(text: String): String
  }
  type Query { thing: Thing! things(first: Int = 3, text: String): [Thing!] thingLater: Thing }
  type Mutation { thing: Thing }
`;

class Thing {
  name = "thing";
  colour = "RED";
  number = 7;
  size = 1.5;
  ok = true;
  id = 42;
  absent = null;
  lacking = undefined;
  badColour = "BLUE";
  badList = [1, null];
  none = undefined;
  matrix = [[1, 2], []];
  method({ text }: { text?: string }) {
    return text ?? this.name;
  }
  get later() {
    return Promise.resolve("later");
  }
  get broken(): string {
    throw new Error("broken");
  }
  get brokenLater() {
    return Promise.reject(new Error("broken later"));
  }
  get rejected() {
    return Promise.reject(null);
  }
  get other() {
    return new Thing();
  }
  get otherLater() {
    return Promise.resolve(new Thing());
  }
  get named() {
    return { __typename: "Thing", name: "named" };
  }
  things({ first }: { first: number }) {
    return Promise.resolve(Array.from({ length: first }, () => new Thing()));
  }
  get mixed() {
    return [new Thing(), Promise.resolve(new Thing()), null, Promise.resolve(null)];
  }
}

function schemaOf(): GraphQLSchema {
  const schema = buildSchema(sdl);
  const fields = schema.getQueryType()!.getFields();
  fields.thing!.resolve = () => new Thing();
  fields.thingLater!.resolve = () => Promise.resolve(new Thing());
  fields.things!.resolve = (_root, { first }) => new Thing().things({ first });
  return schema;
}

const schema = schemaOf();

/** Data of the plan; `unplanned` or null when it leaves the operation to graphql-js. */
async function planned(source: string, variables = {}): Promise<unknown> {
  const document = parse(source);
  expect(validate(schema, document), source).to.deep.equal([]);
  const operation = document.definitions.find(
    (definition): definition is OperationDefinitionNode => definition.kind === Kind.OPERATION_DEFINITION,
  )!;
  const fragments = document.definitions.filter(
    (definition): definition is FragmentDefinitionNode => definition.kind === Kind.FRAGMENT_DEFINITION,
  );
  const byName = new Map(fragments.map((fragment) => [fragment.name.value, fragment]));
  const plan = planRead(schema, operation, byName);
  return plan ? plan.execute({}, variables) : "unplanned";
}

async function executed(source: string, variables = {}) {
  return execute({ schema, document: parse(source), contextValue: {}, variableValues: variables });
}

const scalars = ["name", "colour", "number", "size", "ok", "id", "later", "absent", "matrix", "__typename"];
const faulty = ["lacking", "broken", "brokenLater", "rejected", "badColour", "badList"];
const objects = ["other", "otherLater", "none", "things", "things(first: 1)", "mixed"];

/** Selections of a Thing, with aliases, repeated fields and fragments. */
const selection: fc.Arbitrary<string> = fc.letrec<{ set: string; part: string }>((tie) => ({
  set: fc
    .array(tie("part"), { minLength: 1, maxLength: 5, depthIdentifier: "set" })
    .map((parts) => `{ ${parts.join(" ")} }`),
  part: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    { weight: 8, arbitrary: fc.constantFrom(...scalars) },
    { weight: 1, arbitrary: fc.constantFrom(...faulty) },
    {
      weight: 1,
      arbitrary: fc.constantFrom('method(text: "said")', "method2: method", "method1: method(text: $text)"),
    },
    {
      weight: 3,
      arbitrary: fc
        .tuple(fc.constantFrom(...objects), tie("set"))
        .map(([name, set]) => `${name.replaceAll(/\W/g, "")}_: ${name} ${set}`),
    },
    { weight: 1, arbitrary: tie("set").map((set) => `... on Thing ${set}`) },
    { weight: 1, arbitrary: fc.constant("...Some") },
  ),
})).set;

describe("plans of queries", () => {
  it("answer what graphql-js answers, or leave it to graphql-js when there is any error", async () => {
    const roots = fc.constantFrom(
      "thing",
      "things",
      "things(first: 1)",
      "thingLater",
      "things(first: $first)",
    );
    await fc.assert(
      fc.asyncProperty(roots, selection, selection, async (root, set, some) => {
        const fragment = some.replaceAll("...Some", "id");
        const uses = (text: string) =>
          `${root}${set}${set.includes("...Some") ? fragment : ""}`.includes(text);
        const variables = [
          ...(uses("$first") ? ["$first: Int"] : []),
          ...(uses("$text") ? ['$text: String = "by default"'] : []),
        ].join(" ");
        const source = `query ${variables ? `(${variables})` : ""} { ${root} ${set} }
          ${set.includes("...Some") ? `fragment Some on Thing ${fragment}` : ""}`;
        fc.pre(validate(schema, parse(source)).length === 0);
        const expected = await executed(source, { first: 2 });
        const data = await planned(source, { first: 2 });
        if (expected.errors) {
          expect(data).to.equal(null);
        } else {
          // The text says more than deep equality: fields come in the order they were asked for.
          expect(JSON.stringify(data)).to.equal(JSON.stringify(expected.data));
        }
      }),
      { numRuns: 500 },
    );
  });

  it("are made for queries without directives, interfaces and introspection only", async () => {
    for (const source of [
      "mutation { thing { name } }",
      "{ __schema { types { name } } }",
      "{ thing { named { name } } }",
      "{ thing { __proto__: name } }",
      "{ thing { ... on Named { name } } }",
      "query ($on: Boolean = true) { thing { name @include(if: $on) } }",
      "{ thing { ...Some @skip(if: false) } } fragment Some on Thing { name }",
    ]) {
      expect(await planned(source), source).to.equal("unplanned");
    }
    expect(await planned("{ thing { __typename ... { name } } }")).to.deep.equal({
      thing: { __typename: "Thing", name: "thing" },
    });
  });

  it("leave variables of the wrong type to graphql-js", async () => {
    const source = "query ($first: Int!) { things(first: $first) { name } }";
    expect(await planned(source, {})).to.equal(null);
    expect(await planned(source, { first: "two" })).to.equal(null);
    expect(await planned(source, { first: 1 })).to.deep.equal({ things: [{ name: "thing" }] });
  });

  it("compute arguments once an execution, and anew for the next", async () => {
    const source = "query ($text: String) { things { method(text: $text) } }";
    for (const text of ["one", "two"]) {
      const { things } = (await planned(source, { text })) as { things: { method: string }[] };
      expect(things.map(({ method }) => method)).to.deep.equal([text, text, text]);
    }
    expect(isObjectType(schema.getType("Thing"))).to.equal(true);
  });
});
