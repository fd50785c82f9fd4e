import { expect } from "chai";
import { OperationFailure } from "../../src/errors.js";
import type { ForeignService } from "../../src/operations/driver.js";
import { testDatabase } from "../support/cluster.js";
import { apiServer, type Json } from "./api-server.js";

const foreign = (name: string, more: Partial<ForeignService> = {}): ForeignService => ({
  ...{ name, image: "shop:7", mode: "REPLICATED", replicas: 3, running: 2, installation: null },
  ...{ createdAt: new Date("2026-01-01T00:00:00.000Z"), ...more },
});
const fields = "name image mode replicas running createdAt installation adoptable why";

describe("foreign services over HTTP", () => {
  const database = testDatabase();
  const api = apiServer(database);
  let dev: string;

  before(async () => {
    const { catalog } = api.current;
    await catalog.environment("DEV");
    await catalog.environment("AWAY");
    await api.current.sql("update environment set host_id = 'host-2' where code = 'AWAY'");
    await catalog.recipe("shop", { env: [{ name: "KEY", kind: "SECRET", required: true }] });
    dev = await api.current.makeToken(["DEV"]);
  });

  beforeEach(() => {
    api.current.catalog.driver.foreignServices = [
      foreign("web"),
      foreign("theirs", { installation: "ins_other", image: null }),
      foreign("db", { mode: "GLOBAL", replicas: 1, running: 1 }),
    ];
  });

  const list = async (code = "DEV", token?: string): Promise<Json> => {
    const query = `query ($code: String!) { environment(code: $code) { foreignServices { ${fields} } } }`;
    return (await api.current.query(query, { code }, token)).environment.foreignServices;
  };
  const names = async () => (await list()).map(({ name }: Json) => name);
  async function mutate(verb: "adopt" | "forget", input: object, token?: string): Promise<Json> {
    const more =
      "service { id name adopted revision state replicas removedAt update { reasons kind fromRevision toRevision missingInputs changes { path } drift { path } } }";
    const query = `mutation ($input: ${verb === "adopt" ? "Adopt" : "Forget"}ServiceInput!) {
      payload: ${verb}Service(input: $input) { ${more} cursor errors { code field message } } }`;
    return (await api.current.query(query, { input }, token)).payload;
  }
  const input = (more: object = {}) => ({
    ...{ environment: "DEV", engineName: "web", recipe: "shop", name: "orders", ...more },
  });

  it("are listed by name, with what keeps one from being adopted", async () => {
    const common = { createdAt: "2026-01-01T00:00:00.000Z", installation: null, adoptable: true, why: null };
    expect(await list()).to.deep.equal([
      { ...common, name: "db", image: "shop:7", mode: "GLOBAL", replicas: 1, running: 1 },
      {
        ...{ ...common, name: "theirs", image: null, mode: "REPLICATED", replicas: 3, running: 2 },
        ...{ installation: "ins_other", adoptable: false },
        why: "theirs belongs to another Rebake (installation ins_other): change it there, or remove it there and deploy it here.",
      },
      { ...common, name: "web", image: "shop:7", mode: "REPLICATED", replicas: 3, running: 2 },
    ]);
  });

  it("that are adopted are services, and foreign again once forgotten", async () => {
    const { service, cursor, errors } = await mutate("adopt", input());
    expect(errors).to.deep.equal([]);
    expect(service).to.deep.include({
      ...{ name: "orders", adopted: "web", revision: null, state: "DEGRADED", replicas: 3, removedAt: null },
    });
    expect(service.update).to.deep.include({
      ...{ reasons: ["RECIPE"], kind: "UPGRADE", fromRevision: null, toRevision: 1, missingInputs: ["KEY"] },
      drift: [],
    });
    const events = await api.current.sql("select type from event where cursor > $1 order by cursor", [
      cursor,
    ]);
    expect(events.map(({ type }) => type)).to.deep.equal(["SERVICE_CHANGED", "UPDATE_AVAILABLE"]);
    expect(await names()).to.deep.equal(["db", "theirs"]);
    expect((await mutate("adopt", input())).service.id).to.equal(service.id);
    const forgotten = await mutate("forget", { service: service.id });
    expect(forgotten.errors).to.deep.equal([]);
    expect([forgotten.service.update, forgotten.service.removedAt === null]).to.deep.equal([null, false]);
    expect(await names()).to.deep.equal(["db", "theirs", "web"]);
  });

  it("that cannot be adopted say why, at their field", async () => {
    const codes = async (more: object) =>
      (await mutate("adopt", input(more))).errors.map(
        ({ code, field }: Json) => `${code} ${field.join(".")}`,
      );
    expect(await codes({ engineName: "nothing" })).to.deep.equal(["NOT_FOUND engineName"]);
    expect(await codes({ engineName: "theirs" })).to.deep.equal(["IN_USE engineName"]);
    expect(await codes({ environment: "NOPE" })).to.deep.equal(["NOT_FOUND environment"]);
    expect(await codes({ recipe: "nope" })).to.deep.equal(["NOT_FOUND recipe"]);
    expect((await mutate("forget", { service: "svc_nope" })).errors[0].code).to.equal("NOT_FOUND");
  });

  it("of an engine that cannot be asked end neither the list of environments nor the request", async () => {
    const query = "{ environments { code foreignServices { name } } }";
    const { body } = await api.current.post({ query });
    expect(body.errors.map((error: Json) => [error.extensions.code, error.path])).to.deep.equal([
      ["UNAVAILABLE", ["environments", 1, "foreignServices"]],
    ]);
    expect(body.data.environments.map((one: Json) => one.foreignServices?.length ?? null)).to.deep.equal([
      3,
      null,
    ]);
    const { driver } = api.current.catalog;
    driver.foreignServices = new OperationFailure("ENGINE_UNREACHABLE", "It is asleep.");
    const told = await api.current.error('{ environment(code: "DEV") { foreignServices { name } } }');
    expect(told.message).to.equal("DEV's engine could not be asked: It is asleep.");
    driver.foreignServices = new Error("secret of the driver");
    const masked = await api.current.error(
      'mutation { adoptService(input: { environment: "DEV", engineName: "web", recipe: "shop", name: "a" }) { errors { code } } }',
    );
    expect([masked.extensions.code, masked.message]).to.deep.equal([
      "UNAVAILABLE",
      "DEV's engine could not be asked: the server's log has the details.",
    ]);
  });

  it("are for tokens for all environments; what was adopted is as any other service", async () => {
    const denied = await api.current.error(
      '{ environment(code: "DEV") { foreignServices { name } } }',
      {},
      dev,
    );
    expect(denied.extensions.code).to.equal("FORBIDDEN");
    const { body } = await api.current.post(
      {
        query: "mutation ($input: AdoptServiceInput!) { adoptService(input: $input) { errors { code } } }",
        variables: { input: input() },
      },
      { authorization: `Bearer ${dev}` },
    );
    expect(body.errors[0].extensions.code).to.equal("FORBIDDEN");
    const { service } = await mutate("adopt", input({ engineName: "db", name: "db" }));
    const prod = await api.current.makeToken(["PROD"]);
    expect((await mutate("forget", { service: service.id }, prod)).errors[0].code).to.equal("NOT_FOUND");
    expect((await mutate("forget", { service: service.id }, dev)).errors).to.deep.equal([]);
  });

  it("of a deleted environment are none", async () => {
    const { id } = await api.current.catalog.environment("GONE");
    await api.current.sql("update environment set deleted_at = now() where id = $1", [id]);
    const { node } = await api.current.query(
      "query ($id: ID!) { node(id: $id) { ... on Environment { foreignServices { name } } } }",
      { id },
    );
    expect(node.foreignServices).to.deep.equal([]);
  });
});
