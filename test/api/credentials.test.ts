import { expect } from "chai";
import { loadSpec } from "../../src/domain/spec-store.js";
import { loadGitCredential } from "../../src/operations/open-credential.js";
import { testDatabase } from "../support/cluster.js";
import { apiServer, type Json } from "./api-server.js";

const secret = "s3cret=токен\n";
const fields =
  "errors { code field message } credential { id name kind username server createdAt updatedAt }";

describe("credentials", () => {
  const database = testDatabase();
  const api = apiServer(database);

  async function mutate(name: string, input: object, wanted = fields): Promise<Json> {
    const type = `${name[0]!.toUpperCase()}${name.slice(1)}Input`;
    const query = `mutation ($input: ${type}!) { payload: ${name}(input: $input) { ${wanted} } }`;
    return (await api.current.query(query, { input })).payload;
  }
  async function codes(name: string, input: object): Promise<string[]> {
    const { errors } = await mutate(name, input, "errors { code field message }");
    return errors.map((error: Json) => `${error.code} ${error.field?.join(".") ?? ""}`.trim());
  }
  const git = (name: string) => ({ name, kind: "GIT", username: "bot", secret });
  const opened = (name: string) => {
    const { transactions, secretBox } = api.current.catalog;
    return loadGitCredential(transactions.dataSource.manager, secretBox, name);
  };

  before(() => api.current.catalog.environment("DEV"));

  it("are made, listed and found without their secret, and open for git alone", async () => {
    const { credential } = await mutate("createCredential", git("forge"));
    expect(credential).to.include({ name: "forge", kind: "GIT", username: "bot", server: null });
    const list = await api.current.post({
      query:
        "query($id: ID!) { credentials { edges { node { name } } } node(id: $id) { ... on Credential { username } } }",
      variables: { id: credential.id },
    });
    expect(list.body.data).to.deep.equal({
      credentials: { edges: [{ node: { name: "forge" } }] },
      node: { username: "bot" },
    });
    expect(JSON.stringify(list.body)).to.not.contain("s3cret");
    expect(await opened("forge")).to.deep.equal({ username: "bot", password: secret });
    const rows = JSON.stringify(await api.current.sql("select * from credential"));
    expect(rows).to.not.contain("s3cret");
  });

  it("are replaced in part or as a whole, which makes nothing outdated", async () => {
    await mutate("createCredential", git("replaced"));
    const { catalog } = api.current;
    const source = { repository: "https://git.example/a.git", credential: "replaced" };
    await catalog.recipe("uses-it", { source });
    await catalog.deploy({ environment: "DEV", recipe: "uses-it", name: "uses-it" });
    await catalog.settleAsDeployed();
    const before = await mutate("replaceCredential", { credential: "replaced", username: "робот" });
    expect(before.credential.username).to.equal("робот");
    expect(await opened("replaced")).to.deep.equal({ username: "робот", password: secret });
    await mutate("replaceCredential", { credential: before.credential.id, secret: "new" });
    expect(await opened("replaced")).to.deep.equal({ username: "робот", password: "new" });
    expect(await catalog.updates()).to.deep.equal([]);
  });

  it("are not taken away while something names them", async () => {
    await mutate("createCredential", git("named"));
    const { catalog } = api.current;
    const source = { repository: "https://git.example/a.git", credential: "named" };
    await catalog.recipe("names-it", { source });
    await catalog.deploy({ environment: "DEV", recipe: "names-it", name: "names-it" });
    const first = await mutate("deleteCredential", { credential: "named" });
    expect(first.errors[0].code).to.equal("IN_USE");
    expect(first.errors[0].message).to.contain("recipe names-it").and.to.contain("service DEV/names-it");
    await catalog.bump("names-it", { spec: { source: { credential: null } } });
    await api.current.sql("update service set removed_at = now()");
    expect((await mutate("deleteCredential", { credential: "named" })).errors).to.deep.equal([]);
    expect(await codes("deleteCredential", { credential: "named" })).to.deep.equal(["NOT_FOUND credential"]);
  });

  it("name what is wrong with them", async () => {
    await mutate("createCredential", git("taken"));
    expect(await codes("createCredential", git("taken"))).to.deep.equal(["NAME_TAKEN name"]);
    expect(await codes("createCredential", { ...git("x"), name: "Not a label" })).to.deep.equal([
      "INVALID name",
    ]);
    expect(await codes("createCredential", { ...git("x"), secret: "" })).to.deep.equal(["INVALID secret"]);
    expect(await codes("createCredential", { ...git("x"), username: "a\nb" })).to.deep.equal([
      "INVALID username",
    ]);
    expect(await codes("createCredential", { ...git("x"), server: "reg.example" })).to.deep.equal([
      "INVALID server",
    ]);
    const registry = { name: "reg", kind: "REGISTRY", username: "bot", secret };
    expect(await codes("createCredential", registry)).to.deep.equal(["INVALID server"]);
    expect(await codes("createCredential", { ...registry, server: "http://x/" })).to.deep.equal([
      "INVALID server",
    ]);
    expect(await codes("createCredential", { ...registry, server: "registry.example:5000" })).to.deep.equal(
      [],
    );
    expect(await codes("replaceCredential", { credential: "none" })).to.deep.equal(["NOT_FOUND credential"]);
    const { errors } = await mutate("createCredential", { ...git("x"), username: secret });
    expect(JSON.stringify(errors)).to.not.contain("s3cret");
  });

  it("go to no server that a service names instead of its recipe's", async () => {
    const { catalog } = api.current;
    const repository = "https://git.example/a.git";
    await catalog.recipe("private", { source: { repository, credential: "forge" } });
    const cases: [object, string | null][] = [
      [{ branch: "main" }, "forge"],
      [{ repository: "https://git.example/b.git" }, "forge"],
      [{ repository: "https://evil.example/a.git" }, null],
      [{ repository: "https://git.example:8443/a.git" }, null],
      [{ repository: "http://git.example/a.git" }, null],
      [{ repository: "git@git.example:a.git" }, null],
      [{ repository: "https://other.example/a.git", credential: "other" }, "other"],
    ];
    for (const [index, [source, expected]] of cases.entries()) {
      const name = `private-${index}`;
      await catalog.deploy({ environment: "DEV", recipe: "private", name, source });
      const [row] = await api.current.sql("select desired_spec from service where name = $1", [name]);
      const spec = await loadSpec(catalog.transactions.dataSource.manager, row.desired_spec);
      expect(spec.source?.credential, JSON.stringify(source)).to.equal(expected);
    }
    const token = await api.current.makeToken(["DEV"]);
    const query =
      "mutation ($input: DeployServiceInput!) { deployService(input: $input) { errors { code message } } }";
    const send = (source: object) => {
      const variables = { input: { environment: "DEV", recipe: "private", name: "limited", source } };
      return api.current.post({ query, variables }, { authorization: `Bearer ${token}` });
    };
    const refused = await send({ repository: "https://evil.example/a.git", credential: "forge" });
    expect(refused.body.errors[0].extensions.code).to.equal("FORBIDDEN");
    const { body } = await send({ branch: "main", credential: null });
    expect(body.data.deployService.errors).to.deep.equal([]);
  });

  it("are for tokens that may do everything", async () => {
    const token = await api.current.makeToken(["DEV"]);
    const { extensions } = await api.current.error("{ credentials { totalCount } }", {}, token);
    expect(extensions.code).to.equal("FORBIDDEN");
    const { credential } = await mutate("createCredential", git("hidden"));
    const hidden = await api.current.query(
      "query($id: ID!) { node(id: $id) { id } }",
      { id: credential.id },
      token,
    );
    expect(hidden.node).to.equal(null);
    for (const [name, input] of [
      ["createCredential", git("y")],
      ["replaceCredential", { credential: "hidden" }],
      ["deleteCredential", { credential: "hidden" }],
    ] as const) {
      const type = `${name[0]!.toUpperCase()}${name.slice(1)}Input`;
      const query = `mutation ($input: ${type}!) { ${name}(input: $input) { errors { code } } }`;
      expect((await api.current.error(query, { input }, token)).extensions.code).to.equal("FORBIDDEN");
    }
  });
});
