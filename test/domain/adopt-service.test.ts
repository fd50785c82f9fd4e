import { expect } from "chai";
import type { AdoptServiceInput } from "../../src/domain/adopt-service.js";
import { forgetService } from "../../src/domain/forget-service.js";
import { rebuildService } from "../../src/domain/rebuild-service.js";
import { restartService } from "../../src/domain/restart-service.js";
import { rollbackService } from "../../src/domain/rollback-service.js";
import { scaleService } from "../../src/domain/scale-service.js";
import { setServiceInputs } from "../../src/domain/set-service-inputs.js";
import type { ServiceSnapshot } from "../../src/events/event-map.js";
import type { ForeignService } from "../../src/operations/driver.js";
import { actor, Catalog } from "../support/catalog.js";
import { testDatabase } from "../support/cluster.js";
import { codesOf, messagesOf } from "../support/codes.js";

const foreign = (name: string, more: Partial<ForeignService> = {}): ForeignService => ({
  ...{ name, image: "shop:7", mode: "REPLICATED", replicas: 3, running: 3, installation: null },
  ...{ createdAt: new Date("2026-01-01T00:00:00.000Z"), ...more },
});

describe("adopting services", () => {
  const database = testDatabase();
  let catalog: Catalog;
  let number = 0;
  let name: string;

  before(async () => {
    catalog = await Catalog.open(database);
    await catalog.environment("DEV");
    await catalog.environment("STG");
    await catalog.recipe("shop", {
      env: [
        { name: "TITLE", kind: "INPUT", required: true },
        { name: "KEY", kind: "SECRET" },
      ],
    });
    await catalog.recipe("fixed", { ports: [{ name: "http", target: 80, published: 8080 }] });
  });

  beforeEach(() => {
    name = `orders-${++number}`;
    catalog.driver.foreignServices = [
      foreign(`old_${name}`),
      foreign(`global_${name}`, { mode: "GLOBAL", replicas: 7, running: 2 }),
      foreign(`theirs_${name}`, { installation: "ins_other" }),
    ];
  });

  const asked = (more: Partial<AdoptServiceInput> = {}): AdoptServiceInput => ({
    ...{ environment: "DEV", engineName: `old_${name}`, recipe: "shop", name },
    ...{ inputs: [{ name: "TITLE", value: "Лавка" }], ...more },
  });
  const adopt = (more: Partial<AdoptServiceInput> = {}) => catalog.adopt(asked(more));
  const rows = async (table: string, service: string) =>
    catalog.run((tx) =>
      tx.query<Record<string, any>>(`select * from ${table} where service_id = $1`, [service]),
    );
  const typesSince = async (before: number) => (await catalog.events()).slice(before).map(({ type }) => type);

  it("makes a service of what is there, with an Update, and queues nothing", async () => {
    const before = (await catalog.events()).length;
    const service = await adopt({ title: "Orders", group: "shop" });
    expect(service).to.deep.include({
      ...{ name, title: "Orders", group: "shop", adopted: `old_${name}`, mode: "REPLICATED", replicas: 3 },
      ...{
        state: "RUNNING",
        deployedRevision: null,
        deployedSpec: null,
        desiredRevision: 1,
        removedAt: null,
      },
    });
    expect(await rows("operation", service.id)).to.deep.equal([]);
    const [update] = await rows("service_update", service.id);
    expect(update).to.deep.include({ reasons: ["RECIPE"], from_revision: null, to_revision: 1, drift: null });
    expect(await typesSince(before)).to.deep.equal(["SERVICE_CHANGED", "UPDATE_AVAILABLE"]);
    const { adopted } = (await catalog.events())[before]!.payload as ServiceSnapshot;
    expect(adopted).to.equal(`old_${name}`);
  });

  it("takes mode, replicas and state from the engine", async () => {
    const service = await adopt({ engineName: `global_${name}` });
    expect(service).to.include({ mode: "GLOBAL", replicas: 1, state: "DEGRADED" });
    const states = [];
    for (const [replicas, running] of [
      [0, 0],
      [3, 0],
      [3, 1],
      [3, 4],
    ] as const) {
      const engineName = `${replicas}-${running}-of-${name}`;
      catalog.driver.foreignServices = [foreign(engineName, { replicas, running })];
      states.push((await adopt({ engineName, name: `${name}-${replicas}-${running}` })).state);
    }
    expect(states).to.deep.equal(["STOPPED", "STARTING", "DEGRADED", "RUNNING"]);
  });

  const refused: [string, () => Partial<AdoptServiceInput>, string][] = [
    ["what the engine does not have", () => ({ engineName: "nothing" }), "NOT_FOUND"],
    ["what another Rebake deployed", () => ({ engineName: `theirs_${name}` }), "IN_USE"],
    ["a NUL in the engine's name", () => ({ engineName: "a\0" }), "INVALID"],
    ["an unknown environment", () => ({ environment: "NOPE" }), "NOT_FOUND"],
    ["an unknown recipe", () => ({ recipe: "nope" }), "NOT_FOUND"],
    ["a name that is no DNS label", () => ({ name: "Shop_1" }), "INVALID"],
    ["an input the recipe does not ask for", () => ({ inputs: [{ name: "X", value: "" }] }), "UNKNOWN_INPUT"],
    ["a port the recipe does not have", () => ({ ports: [{ name: "x", published: 80 }] }), "INVALID"],
  ];
  for (const [what, more, code] of refused) {
    it(`refuses ${what} and leaves nothing half-made`, async () => {
      const before = await counts();
      expect(await codesOf(adopt(more()))).to.deep.equal([code]);
      expect(await counts()).to.deep.equal(before);
    });
  }
  const counts = () =>
    catalog.run((tx) =>
      tx.query(
        `select (select count(*) from service) as services, (select count(*) from service_secret) as secrets,
           (select count(*) from event) as events`,
      ),
    );

  it("is the same service when it is asked for again, and refuses to be another one", async () => {
    const first = await adopt();
    catalog.driver.foreignServices = [];
    expect((await adopt()).id).to.equal(first.id);
    expect(await codesOf(adopt({ name: `${name}-b` }))).to.deep.equal(["IN_USE"]);
    expect(await codesOf(adopt({ recipe: "fixed", inputs: [] }))).to.deep.equal(["IN_USE"]);
    catalog.driver.foreignServices = [foreign("another")];
    expect(await codesOf(adopt({ engineName: "another" }))).to.deep.equal(["NAME_TAKEN"]);
  });

  it("lets one of several simultaneous adoptions through, and gives the same request the same service", async () => {
    const same = await Promise.all([adopt(), adopt(), adopt()]);
    expect(new Set(same.map(({ id }) => id)).size).to.equal(1);
    catalog.driver.foreignServices = [foreign(`more_${name}`)];
    const all = [1, 2, 3].map((n) => codesOf(adopt({ engineName: `more_${name}`, name: `${name}-${n}` })));
    expect((await Promise.all(all)).flat()).to.deep.equal(["IN_USE", "IN_USE"]);
  });

  it("may lack inputs, which the Update's rebuild asks for", async () => {
    const service = await adopt({ inputs: [] });
    const rebuild = () =>
      catalog.run((tx) => rebuildService(tx, { service: service.id }, actor, catalog.drivers));
    expect(await codesOf(rebuild())).to.deep.equal(["MISSING_INPUT"]);
    const inputs = [{ name: "TITLE", value: "x" }];
    await catalog.run((tx) => setServiceInputs(tx, { service: service.id, inputs }, catalog));
    expect((await rebuild()).kind).to.equal("REBUILD");
  });

  it("refuses a port that another service publishes", async () => {
    await catalog.deploy({ environment: "STG", recipe: "fixed", name: "first" });
    const second = adopt({ environment: "STG", recipe: "fixed", inputs: [] });
    expect(await codesOf(second)).to.deep.equal(["PORT_TAKEN"]);
  });

  it("has nothing to restart, scale or return to before its first rebuild", async () => {
    const { id: service } = await adopt();
    const verbs = [
      catalog.run((tx) => restartService(tx, { service }, actor)),
      catalog.run((tx) => scaleService(tx, { service, replicas: 2 }, actor)),
      catalog.run((tx) => rollbackService(tx, { service }, actor)),
    ];
    expect(await Promise.all(verbs.map(codesOf))).to.deep.equal([["CONFLICT"], ["CONFLICT"], ["NOT_FOUND"]]);
  });

  it("gets a newer revision as any other service, still against nothing", async () => {
    await catalog.recipe(`own-${number}`);
    const service = await adopt({ recipe: `own-${number}`, inputs: [] });
    await catalog.bump(`own-${number}`, { spec: { workingDir: "app" } });
    const [update] = await rows("service_update", service.id);
    expect(update).to.deep.include({ reasons: ["RECIPE"], from_revision: null, to_revision: 2 });
  });

  describe("and forgetting them", () => {
    const forget = (service: string) => catalog.run((tx) => forgetService(tx, { service }));

    it("leaves nothing of it here and the engine alone, and lets it be adopted again", async () => {
      const secret = { name: "KEY", value: "s3cr3t" };
      const service = await adopt({ inputs: [secret] });
      const before = (await catalog.events()).length;
      const removed = catalog.driver.removed.length;
      const forgotten = await forget(service.id);
      expect([forgotten.state, forgotten.removedAt === null]).to.deep.equal(["UNKNOWN", false]);
      expect(await typesSince(before)).to.deep.equal(["SERVICE_CHANGED", "UPDATE_RESOLVED"]);
      expect([await rows("service_secret", service.id), await rows("operation", service.id)]).to.deep.equal([
        [],
        [],
      ]);
      expect(catalog.driver.removed.length).to.equal(removed);
      expect(await codesOf(forget(service.id))).to.deep.equal(["NOT_FOUND"]);
      expect((await adopt()).id).not.to.equal(service.id);
    });

    it("is refused for what Rebake has deployed or rebuilt, and while something is under way", async () => {
      const deployed = await catalog.deploy({ environment: "DEV", recipe: "fixed", name: `own-${number}` });
      expect(await codesOf(forget(deployed.service.id))).to.deep.equal(["INVALID"]);
      const { id } = await adopt();
      await catalog.run((tx) => rebuildService(tx, { service: id }, actor, catalog.drivers));
      expect(await codesOf(forget(id))).to.deep.equal(["CONFLICT"]);
      await catalog.settleAsDeployed();
      expect(await messagesOf(forget(id))).to.deep.equal([
        `Service ${name} has been rebuilt, so that what runs is Rebake's own. Only what was adopted and never rebuilt can be forgotten; removeService ends a service.`,
      ]);
    });
  });
});
