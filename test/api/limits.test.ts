import { expect } from "chai";
import { testDatabase } from "../support/cluster.js";
import { apiServer } from "./api-server.js";

const nested = (levels: number) => `${"{ update { service ".repeat(levels)}{ id }${" } }".repeat(levels)}`;

describe("limits", () => {
  const database = testDatabase();
  const api = apiServer(database);

  // In this media type a document that is refused has a status of its own.
  const post = (query: string) =>
    api.current.post({ query }, { accept: "application/graphql-response+json" });

  async function refused(query: string): Promise<string> {
    const answer = await post(query);
    expect(answer.status, JSON.stringify(answer.body)).to.equal(400);
    const limits = answer.body.errors.filter(
      (error: { extensions: { code: string } }) => error.extensions.code === "LIMIT_EXCEEDED",
    );
    expect(limits, JSON.stringify(answer.body.errors)).not.to.have.lengthOf(0);
    return limits[0].message;
  }

  async function accepted(query: string): Promise<void> {
    const answer = await api.current.post({ query });
    expect(answer.body.errors, JSON.stringify(answer.body)).to.equal(undefined);
  }

  it("allows 8 fields below each other, counted through fragments", async () => {
    await accepted("{ services { edges { node { update { service { recipe { current { id } } } } } } } }");
    expect(
      await refused(
        "{ services { edges { node { update { service { recipe { current { spec { labels { name } } } } } } } } } }",
      ),
    ).to.match(/10 fields deep; at most 8/);
    await refused(
      `query { services { edges { node ...A } } } fragment A on Service ${nested(3)}`.replace(
        "node ...A",
        "node { ...A }",
      ),
    );
  });

  it("allows 15 aliases, 50 directives, 1,000 tokens and 15,000 characters", async () => {
    const aliases = (count: number) =>
      `{ ${Array.from({ length: count }, (_, i) => `a${i}: __typename`).join(" ")} }`;
    await accepted(aliases(15));
    expect(await refused(aliases(16))).to.match(/16 aliases; at most 15/);
    const directives = (count: number) => `{ ${"__typename @include(if: true) ".repeat(count)} }`;
    await accepted(directives(50));
    expect(await refused(directives(51))).to.match(/51 directives; at most 50/);
    expect(await refused(`{ ${"__typename ".repeat(998)} }`)).to.match(/repeats fields too often/);
    await accepted(`{ environments { ${"code ".repeat(44)} } }`);
    expect(await refused(`{ ${"__typename ".repeat(999)} }`)).to.match(/more than 1000 tokens/);
    const characters = (count: number) => `{ __typename }${" ".repeat(count - 14)}`;
    await accepted(characters(15_000));
    expect(await refused(characters(15_001))).to.match(/15001 characters; at most 15000/);
  });

  it("allows an operation to cost 20,000 objects, with page sizes in variables taken as the largest", async () => {
    const query = (first: string, inner: string) =>
      `services(first: ${first}) { edges { node { operations(first: ${inner}) { edges { node { service { id } cause { code } } } } } } }`;
    await accepted(`{ ${query("20", "20")} }`);
    expect(await refused(`{ ${query("100", "100")} }`)).to.match(/may cost \d+ objects; at most 20000/);
    await refused(`query ($n: Int = 1) { ${query("$n", "$n")} }`);
  });

  it("is not led round in circles or into explosions by fragments", async () => {
    const cycle = await post(
      "{ services { edges { node { ...A } } } } fragment A on Service { update { service { ...A } } }",
    );
    expect(cycle.status).to.equal(400);
    const letters = "ABCDEFGHIJKLMNOPQRSTUVWXY".split("");
    const fragments = letters.map((letter, i) => {
      const next = letters[i + 1];
      const spread = next ? `a: recipe { ...${next} } b: recipe { ...${next} }` : "id";
      return `fragment ${letter} on Recipe { ${spread.replaceAll("recipe", "current { id } x: services(first: 1) { edges { node { recipe")} ${next ? "} } }".repeat(2) : ""} }`;
    });
    const began = performance.now();
    const answer = await post(`{ recipe(name: "x") { ...A } } ${fragments.join(" ")}`);
    expect(answer.status).to.equal(400);
    expect(performance.now() - began).to.be.below(2_000);
  });

  it("limits how introspection nests", async () => {
    const fields = (levels: number): string =>
      levels === 0 ? "name" : `fields { type { ${fields(levels - 1)} } }`;
    const answer = await post(`{ __type(name: "Service") { ${fields(5)} } }`);
    expect(answer.status).to.equal(400);
  });
});
