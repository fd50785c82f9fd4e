import { expect } from "chai";
import { claimNext, release } from "../../src/operations/claim.js";
import { hostId } from "../support/catalog.js";
import { testDatabase } from "../support/cluster.js";
import { apiServer } from "./api-server.js";

describe("waiting operations over HTTP", () => {
  const database = testDatabase();
  const api = apiServer(database);
  let number = 0;
  let code: string;

  before(() => api.current.catalog.recipe("shop", { command: ["node", "server.js"] }));

  beforeEach(async () => {
    await api.current.sql("update operation set state = 'CANCELLED' where state in ('QUEUED', 'RUNNING')");
    code = `ENV-${++number}`;
    await api.current.catalog.environment(code);
    await api.current.sql("delete from server");
    await arrive("now()");
  });

  const arrive = (seenAt: string) =>
    api.current.sql(
      `insert into server (host_id, owner, name, version, lease_seconds, seen_at)
       values ($1, 'x', 'büro', '1.2.3', 10, ${seenAt})`,
      [hostId],
    );

  async function deploy(name: string): Promise<string> {
    return (await api.current.catalog.deploy({ environment: code, recipe: "shop", name })).operation.id;
  }

  const claim = () =>
    claimNext(api.current.catalog.transactions, { hostId, owner: `${hostId}/1`, leaseSeconds: 10 });

  async function waiting(id: string): Promise<{ reason: string; message: string } | null> {
    const query = "query ($id: ID!) { node(id: $id) { ... on Operation { waiting { reason message } } } }";
    return (await api.current.query(query, { id })).node.waiting;
  }

  it("say that no server has a place free, and nothing once one works on them", async () => {
    const id = await deploy("one");
    expect((await waiting(id))?.reason).to.equal("SERVERS_BUSY");
    await claim();
    expect(await waiting(id)).to.equal(null);
    await api.current.sql("update operation set state = 'SUCCEEDED' where id = $1", [id]);
    expect(await waiting(id)).to.equal(null);
  });

  it("say that the environment is busy, and how many it works on", async () => {
    const update = `mutation { updateEnvironment(input: { environment: "${code}", concurrency: 1 }) {
      environment { concurrency } errors { code } } }`;
    expect((await api.current.query(update)).updateEnvironment).to.deep.equal({
      environment: { concurrency: 1 },
      errors: [],
    });
    await deploy("one");
    const id = await deploy("two");
    await claim();
    const found = await waiting(id);
    expect(found?.reason).to.equal("ENVIRONMENT_BUSY");
    expect(found?.message).to.contain(`${code} works on one operation at once`);
  });

  it("say that the service is busy", async () => {
    const first = await deploy("one");
    await claim();
    const [{ serviceId }] = await api.current.sql(
      'select service_id as "serviceId" from operation where id = $1',
      [first],
    );
    const rebuild = `mutation { rebuildService(input: { service: "${serviceId}" }) { operation { id waiting { reason } } } }`;
    const { operation } = (await api.current.query(rebuild)).rebuildService;
    expect(operation.waiting).to.deep.equal({ reason: "SERVICE_BUSY" });
  });

  it("say which host is away and since when, whether they were begun or not", async () => {
    const begun = await deploy("one");
    await claim();
    const queued = await deploy("two");
    await api.current.sql("delete from server");
    await arrive("'2026-01-02T03:04:05Z'");
    await api.current.sql("update operation set lease_until = now() - interval '1 second' where id = $1", [
      begun,
    ]);
    for (const id of [begun, queued]) {
      const found = await waiting(id);
      expect(found?.reason).to.equal("HOST_AWAY");
      expect(found?.message).to.contain("büro").and.contain("2026-01-02T03:04:05.000Z");
    }
    const { environment, servers } = await api.current.query(
      `{ environment(code: "${code}") { server { name state seenAt } } servers { id name version state } }`,
    );
    expect(environment.server).to.deep.equal({
      name: "büro",
      state: "AWAY",
      seenAt: "2026-01-02T03:04:05.000Z",
    });
    expect(servers).to.deep.equal([{ id: hostId, name: "büro", version: "1.2.3", state: "AWAY" }]);
  });

  it("say that a server has gone silent, where another one can take over", async () => {
    await api.current.sql("update environment set host_id = null where code = $1", [code]);
    const id = await deploy("one");
    await claim();
    await api.current.sql("update operation set lease_until = now() - interval '1 second'");
    expect((await waiting(id))?.reason).to.equal("SERVER_AWAY");
  });

  it("say that a free server goes on with one that was handed over in order", async () => {
    await api.current.sql("update environment set host_id = null where code = $1", [code]);
    const id = await deploy("one");
    const { operation } = (await claim())!;
    await release(api.current.catalog.transactions, operation);
    expect((await waiting(id))?.reason).to.equal("SERVERS_BUSY");
  });

  it("refuse a limit that makes no sense", async () => {
    for (const concurrency of [0, 65, -1]) {
      const update = `mutation { updateEnvironment(input: { environment: "${code}", concurrency: ${concurrency} }) {
        errors { code field message } } }`;
      const { errors } = (await api.current.query(update)).updateEnvironment;
      expect(errors[0]).to.deep.include({ code: "INVALID", field: ["concurrency"] });
      expect(errors[0].message).to.contain("from 1 to 64");
    }
  });
});
