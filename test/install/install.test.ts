import { rm } from "node:fs/promises";
import { expect } from "chai";
import { copyRecipe } from "../../src/domain/copy-recipe.js";
import { installExamples, type Place } from "../../src/install/install.js";
import { actor, Catalog, hostId } from "../support/catalog.js";
import { testDatabase } from "../support/cluster.js";
import { tempFolder } from "../support/temp-folder.js";

const place: Place = { driver: "PROCESS", host: "127.0.0.1", ports: { first: 14_200, last: 14_299 } };

describe("the installer", () => {
  const database = testDatabase();
  const folder = tempFolder();
  let catalog: Catalog;
  const install = (home = folder.path) =>
    installExamples({
      ...{ home, hostId, transactions: catalog.transactions, drivers: catalog.drivers },
      ...{ secretBox: catalog.secretBox, imagePrefix: null, place },
    });
  const rows = (table: string) =>
    catalog.run((tx) => tx.query<Record<string, any>>(`select * from ${table} order by id`));
  const tables = ["environment", "recipe", "recipe_revision", "service", "operation"];
  const everything = async () => JSON.stringify(await Promise.all(tables.map(rows)));

  before(async () => {
    catalog = await Catalog.open(database);
  });

  it("makes nothing when it is cut off, and all of it the next time", async () => {
    const { secretBox } = catalog;
    const broken = {
      ...catalog.drivers.get("PROCESS")!,
      project: () => {
        throw new Error("cut off");
      },
    };
    const failing = installExamples({
      ...{ home: folder.path, hostId, transactions: catalog.transactions, secretBox },
      drivers: new Map([["PROCESS", broken as never]]),
      ...{ imagePrefix: null, place },
    });
    expect(await failing.catch((error: Error) => error.message)).to.equal("cut off");
    expect(await rows("environment")).to.deep.equal([]);
    const installed = (await install())!;
    expect(installed.services.slice(0, 2)).to.deep.equal(["catalog", "orders"]);
    expect(installed.services.includes("gateway")).to.equal(installed.notice === null);
  });

  it("makes locked templates, and working recipes with services at addresses that DASHBOARD knows", async () => {
    const recipes = await rows("recipe");
    expect(recipes.map(({ name, locked }) => `${name} ${locked}`)).to.have.members([
      ...["node-service true", "node-daemon true", "nginx-gateway true"],
      ...["dashboard-service false", "dashboard-nginx false"],
    ]);
    const [dashboard] = await rows("environment");
    const services = await rows("service");
    for (const [index, name] of ["CATALOG", "ORDERS"].entries()) {
      const { value } = dashboard!.values.find((one: { name: string }) => one.name === name);
      expect(value).to.equal(`127.0.0.1:${services[index]!.ports[0].published}`);
    }
  });

  it("makes templates that work once they are copied", async () => {
    for (const name of ["node-service", "node-daemon", "nginx-gateway"]) {
      const copy = `my-${name}`;
      await catalog.run((tx) => copyRecipe(tx, { recipe: name, name: copy }, actor));
      const inputs = name === "nginx-gateway" ? [{ name: "UPSTREAM", value: "127.0.0.1:80" }] : [];
      await catalog.bump(copy, { description: "mine" });
      const { service } = await catalog.deploy({
        environment: "DASHBOARD",
        recipe: copy,
        name: copy,
        inputs,
      });
      expect(service.desiredRevision).to.equal(2);
    }
  });

  it("changes nothing when there is anything already", async () => {
    const before = await everything();
    expect(await install()).to.equal(null);
    await rm(folder.path, { recursive: true });
    expect(await install()).to.equal(null);
    expect(await everything()).to.equal(before);
  });
});
