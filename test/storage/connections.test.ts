import { expect } from "chai";
import type { KubernetesConnection, SwarmConnection } from "../../src/domain/connection.js";
import { deleteEnvironment } from "../../src/domain/delete-environment.js";
import { updateEnvironment } from "../../src/domain/update-environment.js";
import { OperationFailure } from "../../src/errors.js";
import { StoredConnections } from "../../src/storage/connections.js";
import { Catalog } from "../support/catalog.js";
import { testDatabase } from "../support/cluster.js";
import { kubeconfig } from "../support/kubeconfigs.js";
import { ca, certificate, key } from "../support/pems.js";

const host = "tcp://engine.example:2376";
const plain = { ca: null, certificate: null, key: null };

describe("stored connections", () => {
  const database = testDatabase();
  let catalog: Catalog;
  let connections: StoredConnections<SwarmConnection>;

  before(async () => {
    catalog = await Catalog.open(database);
    const { transactions, secretBox } = catalog;
    connections = new StoredConnections("SWARM", transactions.dataSource, secretBox);
    await catalog.environment("HERE");
  });

  const sql = (statement: string, parameters: unknown[]) =>
    catalog.transactions.dataSource.query(statement, parameters);
  const failureOf = async (id: string) => {
    try {
      await connections.of(id);
    } catch (error) {
      return error;
    }
    return null;
  };

  it("are given back as they were given, and as they were last changed", async () => {
    const { id, code } = await catalog.swarmEnvironment("KEYS", { host, ca, certificate, key });
    expect(await connections.of(id)).to.deep.equal({ host, ca, certificate, key });
    const swarm = { host: "unix:///run/engine" };
    await catalog.run((tx) => updateEnvironment(tx, { environment: code, swarm }, catalog));
    expect(await connections.of(id)).to.deep.equal({ ...swarm, ...plain });
    await catalog.run((tx) => updateEnvironment(tx, { environment: code, description: "same" }, catalog));
    expect(await connections.of(id)).to.deep.equal({ ...swarm, ...plain });
  });

  it("are of a kubeconfig what its context needs", async () => {
    const { transactions, secretBox } = catalog;
    const clusters = new StoredConnections<KubernetesConnection>(
      "KUBERNETES",
      transactions.dataSource,
      secretBox,
    );
    const given = { kubeconfig: kubeconfig(), context: "shop", namespace: "shop" };
    const { id } = await catalog.kubernetesEnvironment("CLUSTER", given);
    const stored = await clusters.of(id);
    expect(stored).to.deep.equal({
      ...{ ...given, kubeconfig: stored.kubeconfig },
      ...{ inCluster: false, server: null, token: null, ca: null },
    });
    expect(stored.kubeconfig).to.contain("eyJ").and.not.to.contain("other");
    expect(await clusters.environments()).to.deep.equal([id]);
  });

  it("are those of environments of their kind that are there", async () => {
    const gone = await catalog.swarmEnvironment("GONE");
    const there = await catalog.swarmEnvironment("THERE");
    await catalog.run((tx) => deleteEnvironment(tx, { environment: "GONE" }));
    const ids = await connections.environments();
    expect(ids).to.include(there.id).and.not.to.include(gone.id);
    const [here] = await sql("select id from environment where code = $1", ["HERE"]);
    expect(ids).not.to.include(here.id);
    const [row] = await sql("select connection from environment where id = $1", [gone.id]);
    expect(row.connection).to.equal(null);
  });

  it("say when there is none", async () => {
    const { id } = await catalog.swarmEnvironment("LOST");
    await sql("update environment set connection = null where id = $1", [id]);
    for (const [which, named] of [
      [id, "LOST"],
      ["env_unknown", "env_unknown"],
    ] as const) {
      const error = (await failureOf(which)) as OperationFailure;
      expect(error).to.be.instanceOf(OperationFailure);
      expect(error.cause.code).to.equal("ENGINE_UNREACHABLE");
      expect(error.message).to.contain(named);
    }
  });

  it("do not open in another environment's place", async () => {
    const one = await catalog.swarmEnvironment("ONE", { host });
    const two = await catalog.swarmEnvironment("TWO", { host });
    await sql(
      "update environment set connection = (select connection from environment where id = $1) where id = $2",
      [one.id, two.id],
    );
    expect(await failureOf(two.id)).to.match(/cannot be decrypted/);
  });
});
