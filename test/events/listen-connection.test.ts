import { expect } from "chai";
import { ListenConnection } from "../../src/events/listen-connection.js";
import { testDatabase } from "../support/cluster.js";
import { CuttableProxy } from "../support/cuttable-proxy.js";
import { eventually } from "../support/eventually.js";

describe("the connection that listens, when the network swallows packets", function () {
  this.timeout(120_000);
  // Hooks run in their order: before the database goes.
  after(() => network.close());
  const database = testDatabase();
  let network: CuttableProxy;
  let connection: ListenConnection;
  let connects = 0;

  before(async () => {
    network = await CuttableProxy.start();
    const url = new URL(database.url);
    network.target = Number(url.port);
    url.port = new URL(network.url).port;
    connection = new ListenConnection({
      connection: { connectionString: url.href },
      channels: ["rebake_test"],
      onNotification: () => {},
      onConnected: () => connects++,
      onError: () => {},
      firstDelay: 10,
      lookMilliseconds: 50,
      answerMilliseconds: 300,
    });
    await eventually(() => connects === 1);
  });

  it("notices, and comes back", async () => {
    network.freeze();
    await eventually(() => !connection.connected, { what: "it notices" });
    network.mend();
    await eventually(() => connects === 2, { deadline: 15_000, what: "it is back" });
  });

  it("is given up at a stop", async () => {
    network.freeze();
    const began = performance.now();
    await connection.stop();
    expect(performance.now() - began).to.be.below(3_000);
  });
});
