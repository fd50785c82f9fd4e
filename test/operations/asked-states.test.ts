import { expect } from "chai";
import { type RebuildServiceInput, rebuildService } from "../../src/domain/rebuild-service.js";
import { rollbackService } from "../../src/domain/rollback-service.js";
import type { Service } from "../../src/domain/service.js";
import { setServiceInputs } from "../../src/domain/set-service-inputs.js";
import { actor } from "../support/catalog.js";
import { testDatabase } from "../support/cluster.js";
import { codesOf } from "../support/codes.js";
import { succeed } from "../support/scripted-driver.js";
import { Workshop } from "../support/workshop.js";

const [one, two, three] = ["a", "b", "c"].map((digit) => digit.repeat(40)) as [string, string, string];
const env = (level: string) => [
  { name: "LEVEL", kind: "STATIC", value: level },
  { name: "NAME", kind: "INPUT", default: "shop" },
];

describe("a state that is asked for", () => {
  const database = testDatabase();
  let shop: Workshop;
  let number = 0;
  let recipe: string;
  let service: Service;
  let deployed: string;

  before(async () => {
    shop = await Workshop.open(database);
    await shop.catalog.environment("DEV");
  });
  after(() => shop.close());

  beforeEach(async () => {
    recipe = `recipe-${++number}`;
    shop.heads.set("main", one);
    shop.catalog.driver.script = succeed;
    const source = { repository: `https://git.example/${recipe}.git`, branch: "main" };
    await shop.catalog.recipe(recipe, { source, env: env("info") });
    const made = await shop.catalog.deploy({ environment: "DEV", recipe, name: recipe });
    service = made.service;
    deployed = made.operation.id;
    await shop.ended(made.operation);
  });

  const rebuild = (input: Omit<RebuildServiceInput, "service"> = {}) =>
    shop.catalog.run((tx) =>
      rebuildService(tx, { service: service.id, ...input }, actor, shop.catalog.drivers),
    );
  const rollback = () =>
    shop.catalog.run((tx) => rollbackService(tx, { service: service.id, operation: deployed }, actor));
  const setName = (value: string) =>
    shop.catalog.run((tx) =>
      setServiceInputs(tx, { service: service.id, inputs: [{ name: "NAME", value }] }, shop.catalog),
    );
  const updatesTold = async () =>
    (await shop.catalog.events()).filter(
      ({ type, payload }) => type.startsWith("UPDATE_") && payload.serviceId === service.id,
    );

  it("raises nothing for a commit of another branch that nobody had seen before", async () => {
    shop.heads.set("summer", one);
    const source = { branch: "summer" };
    const other = await shop.catalog.deploy({ environment: "DEV", recipe, name: `${recipe}-b`, source });
    await shop.ended(other.operation);
    await shop.look();
    shop.heads.set("summer", two);
    const before = (await updatesTold()).length;
    await shop.ended(await rebuild({ branch: "summer" }));
    expect((await shop.service(service)).deployed_commit).to.equal(two);
    expect((await updatesTold()).slice(before)).to.deep.equal([]);
    await shop.look();
    expect(await shop.update(service)).to.equal(undefined);
    expect((await shop.update(other.service))!.to_commit).to.equal(two);
  });

  it("tells of no Update while a service becomes held", async () => {
    const before = (await updatesTold()).length;
    await shop.ended(await rebuild({ commit: three }));
    expect((await updatesTold()).slice(before)).to.deep.equal([]);
  });

  it("keeps inputs that are given while a rebuild runs, and refuses them while a rollback does", async () => {
    await shop.catalog.bump(recipe, { spec: { env: env("debug") } });
    await shop.ended(await rebuild());
    const refused: string[][] = [];
    shop.catalog.driver.script = async (target, report, current) => {
      refused.push(await codesOf(setName("mine")));
      return succeed(target, report, current);
    };
    await shop.ended(await rebuild({ revision: 1 }));
    expect((await shop.service(service)).inputs).to.deep.include({ name: "NAME", value: "mine" });
    expect(await shop.update(service)).to.deep.include({ reasons: ["INPUTS"], to_revision: 1 });
    await shop.ended(await rollback());
    expect(refused).to.deep.equal([[], ["CONFLICT"]]);
    expect((await shop.service(service)).inputs).to.deep.equal([]);
  });
});
