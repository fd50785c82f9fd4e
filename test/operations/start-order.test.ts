import { expect } from "chai";
import { allServers } from "../../src/domain/server.js";
import type { Events } from "../../src/events/open-events.js";
import { openOperations } from "../../src/operations/open-operations.js";
import { Shutdown } from "../../src/shutdown.js";
import { Reads } from "../../src/storage/reads.js";
import { Catalog, hostId } from "../support/catalog.js";
import { testDatabase } from "../support/cluster.js";
import { silent } from "../support/silent.js";

describe("a server that starts", () => {
  const database = testDatabase();

  it("says that it is there before it brings anything back: others take what a silent host has for lost", async () => {
    const catalog = await Catalog.open(database);
    const states: string[] = [];
    catalog.driver.restore = async () => {
      for (const { state } of await allServers(new Reads(catalog.transactions.dataSource))) {
        states.push(state);
      }
    };
    const shutdown = new Shutdown(silent);
    await openOperations(
      {
        ...catalog,
        ...{ hostId, transactions: catalog.transactions, leaseSeconds: 10, concurrency: 1, checkSeconds: 0 },
        resolveCommit: async () => "c".repeat(40),
        events: { onEvent: () => {}, notifier: { hint: () => {} } } as unknown as Events,
        log: silent,
      },
      shutdown,
    );
    await shutdown.run();
    expect(states).to.deep.equal(["UP"]);
  });
});
