import { expect } from "chai";
import { refreshFingerprints } from "../../src/domain/refresh-fingerprints.js";
import { Catalog } from "../support/catalog.js";
import { testDatabase } from "../support/cluster.js";

describe("a version that renders differently", () => {
  const database = testDatabase();
  let catalog: Catalog;

  before(async () => {
    catalog = await Catalog.open(database);
    await catalog.environment("DEV");
    await catalog.recipe("shop", {
      env: [{ name: "A", kind: "STATIC", value: "1" }],
      labels: [{ name: "l", value: "1" }],
    });
    for (const name of ["same", "outdated"]) {
      await catalog.deploy({ environment: "DEV", recipe: "shop", name });
    }
    await catalog.settleAsDeployed();
    await catalog.bump("shop", { spec: { env: [{ name: "A", kind: "STATIC", value: "2" }] } });
    await catalog.run((tx) =>
      tx.query(
        "update service set deployed_spec = desired_spec, deployed_fingerprint = desired_fingerprint where name = 'same'",
      ),
    );
    await catalog.run((tx) =>
      tx.query("delete from service_update where service_id = (select id from service where name = 'same')"),
    );
  });

  const states = () =>
    catalog.run((tx) =>
      tx.query(
        `select name, desired_fingerprint = deployed_fingerprint as current,
           exists (select from service_update where service_id = service.id) as update
         from service order by name`,
      ),
    );

  it("makes nobody outdated and forgets nobody who was", async () => {
    const before = await states();
    expect(before).to.deep.equal([
      { name: "outdated", current: false, update: true },
      { name: "same", current: true, update: false },
    ]);
    const fingerprints = () =>
      catalog.run((tx) => tx.query("select desired_fingerprint as f from service order by name"));
    const old = await fingerprints();
    // The new version applies no labels any more.
    const project = catalog.driver.project.bind(catalog.driver);
    catalog.driver.project = (spec) => ({ ...project(spec), spec: { ...project(spec).spec, labels: [] } });
    const events = (await catalog.events()).length;
    await refreshFingerprints(catalog.transactions, catalog.drivers);
    expect(await states()).to.deep.equal(before);
    expect(await fingerprints()).not.to.deep.equal(old);
    const told = (await catalog.events()).slice(events).map((event) => event.payload);
    expect(told.map((payload) => "service" in payload && payload.service)).to.deep.equal(["outdated"]);
  });
});
