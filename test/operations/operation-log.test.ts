import { expect } from "chai";
import { claimNext } from "../../src/operations/claim.js";
import { OperationLogWriter } from "../../src/operations/operation-log.js";
import { Catalog, hostId } from "../support/catalog.js";
import { testDatabase } from "../support/cluster.js";
import { eventually } from "../support/eventually.js";
import { silent } from "../support/silent.js";

describe("an operation's log", () => {
  const database = testDatabase();

  it("goes on behind what is there after a write that failed", async () => {
    const catalog = await Catalog.open(database);
    await catalog.environment("DEV");
    await catalog.recipe("shop", { command: ["node", "server.js"] });
    const { operation } = await catalog.deploy({ environment: "DEV", recipe: "shop", name: "shop" });
    const claimed = (await claimNext(catalog.transactions, {
      hostId,
      owner: `${hostId}/a`,
      leaseSeconds: 10,
    }))!;
    let writes = 0;
    let lost = 0;
    const log = Object.assign(Object.create(silent), { warn: () => lost++ });
    const writer = new OperationLogWriter(claimed, catalog.transactions, () => writes++, log);
    const append = (line: string) => writer.append({ stream: "rebake", line, instance: null });
    append("one");
    await eventually(() => writes === 1);
    await catalog.run((tx) =>
      tx.query(
        "insert into operation_log (operation_id, seq, at, stream, line) values ($1, 2, now(), 'rebake', 'x')",
        [operation.id],
      ),
    );
    append("taken");
    await eventually(() => lost === 1);
    append("three");
    append("four");
    await writer.close();
    const rows = await catalog.run((tx) =>
      tx.query<{ line: string }>("select line from operation_log order by seq"),
    );
    expect(rows.map(({ line }) => line)).to.deep.equal(["one", "x", "three", "four"]);
  });
});
