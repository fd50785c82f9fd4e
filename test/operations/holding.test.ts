import { expect } from "chai";
import type { Operation } from "../../src/domain/operation.js";
import { type RebuildServiceInput, rebuildService } from "../../src/domain/rebuild-service.js";
import { rollbackService } from "../../src/domain/rollback-service.js";
import type { Service } from "../../src/domain/service.js";
import { setServiceInputs } from "../../src/domain/set-service-inputs.js";
import { updateEnvironment } from "../../src/domain/update-environment.js";
import { OperationFailure } from "../../src/errors.js";
import { actor } from "../support/catalog.js";
import { testDatabase } from "../support/cluster.js";
import { codesOf } from "../support/codes.js";
import { succeed } from "../support/scripted-driver.js";
import { Workshop } from "../support/workshop.js";

const [one, two, three] = ["a", "b", "c"].map((digit) => digit.repeat(40)) as [string, string, string];
const env = (level: string) => [
  { name: "LEVEL", kind: "STATIC", value: level },
  { name: "NAME", kind: "INPUT", default: "shop" },
  { name: "KEY", kind: "SECRET" },
  { name: "REGION", kind: "COMPUTED", value: "$REBAKE_VALUE_REGION" },
];

describe("states that are asked for", () => {
  const database = testDatabase();
  let shop: Workshop;
  let number = 0;
  let recipe: string;
  let service: Service;
  let deployed: Operation;

  before(async () => {
    shop = await Workshop.open(database);
    await shop.catalog.environment("DEV", [{ name: "REGION", value: "eu" }]);
  });
  after(() => shop.close());

  beforeEach(async () => {
    recipe = `recipe-${++number}`;
    shop.heads.set("main", one);
    shop.catalog.driver.script = succeed;
    shop.catalog.driver.scaling = async () => ({ verdict: "SUCCEEDED", cause: null });
    await shop.catalog.recipe(recipe, {
      source: { repository: `https://git.example/${recipe}.git`, branch: "main" },
      env: env("info"),
    });
    const inputs = [{ name: "KEY", value: "old=key" }];
    const made = await shop.catalog.deploy({ environment: "DEV", recipe, name: recipe, inputs });
    service = made.service;
    deployed = made.operation;
    await shop.ended(deployed);
  });

  const drivers = () => shop.catalog.drivers;
  const rebuild = (input: Omit<RebuildServiceInput, "service"> = {}) =>
    shop.catalog.run((tx) => rebuildService(tx, { service: service.id, ...input }, actor, drivers()));
  const rollback = (operation?: string) =>
    shop.catalog.run((tx) =>
      rollbackService(tx, { service: service.id, operation: operation ?? null }, actor),
    );
  const setInputs = (inputs: { name: string; value: string }[], unset: string[] = []) =>
    shop.catalog.run((tx) =>
      setServiceInputs(tx, { service: service.id, inputs, unset }, { ...shop.catalog, drivers: drivers() }),
    );
  const bump = (level: string) => shop.catalog.bump(recipe, { spec: { env: env(level) } });
  const setRegion = (value: string) =>
    shop.catalog.run((tx) =>
      updateEnvironment(tx, { environment: "DEV", values: [{ name: "REGION", value }] }, shop.catalog),
    );
  const lastTarget = () => shop.catalog.driver.replaced.at(-1)!.target;
  const runs = () =>
    Object.fromEntries(
      lastTarget().spec.env.map(({ name, value }) => [
        name,
        value
          .map((part) =>
            typeof part === "object" && "secret" in part ? lastTarget().secrets.get(part.secret) : part,
          )
          .join(""),
      ]),
    );

  it("returns to exactly what ran before: revision, inputs, values of the environment, commit", async () => {
    await bump("debug");
    await setInputs([
      { name: "NAME", value: "new" },
      { name: "KEY", value: "new=key" },
    ]);
    await setRegion("us");
    shop.heads.set("main", two);
    await shop.ended(await rebuild());
    expect(runs()).to.deep.equal({ LEVEL: "debug", NAME: "new", KEY: "new=key", REGION: "us" });
    expect((await shop.ended(await rollback())).state).to.equal("SUCCEEDED");
    expect(runs()).to.deep.equal({ LEVEL: "info", NAME: "shop", KEY: "old=key", REGION: "eu" });
    expect(lastTarget().commit).to.equal(one);
    const row = await shop.service(service);
    expect([row.deployed_revision, row.desired_revision, row.deployed_commit]).to.deep.equal([1, 1, one]);
    expect(row.inputs.map(({ name }: { name: string }) => name)).to.deep.equal(["KEY"]);
    await setRegion("eu");
  });

  it("is not undone by the next look for updates, only by something newer than there was", async () => {
    await bump("debug");
    shop.heads.set("main", two);
    await shop.ended(await rebuild());
    await shop.ended(await rollback(deployed.id));
    await shop.look();
    expect(await shop.update(service)).to.equal(undefined);
    await shop.catalog.bump(recipe, { description: "only words" });
    expect(await shop.update(service)).to.equal(undefined);
    shop.heads.set("main", three);
    await shop.look();
    expect(await shop.update(service)).to.deep.include({
      reasons: ["CODE"],
      from_commit: one,
      to_commit: three,
    });
    await bump("trace");
    expect((await shop.update(service))!.reasons).to.include("RECIPE");
    expect((await shop.service(service)).held_at).to.equal(null);
  });

  it("takes the newest again with the next rebuild", async () => {
    await bump("debug");
    await shop.ended(await rebuild());
    await shop.ended(await rollback());
    expect(runs().LEVEL).to.equal("info");
    await shop.ended(await rebuild());
    expect(runs().LEVEL).to.equal("debug");
    expect((await shop.service(service)).held_at).to.equal(null);
    expect(await shop.update(service)).to.equal(undefined);
  });

  it("rebuilds to the newest when that was asked for while a rollback ran", async () => {
    await bump("debug");
    await shop.ended(await rebuild());
    let asked: Operation | undefined;
    shop.catalog.driver.script = async (target, report, current) => {
      asked ??= await rebuild();
      return succeed(target, report, current);
    };
    await shop.ended(await rollback());
    await shop.ended(asked!);
    expect(runs().LEVEL).to.equal("debug");
    expect(await shop.update(service)).to.equal(undefined);
  });

  it("counts a revision that was made while a rollback ran as newer", async () => {
    await bump("debug");
    await shop.ended(await rebuild());
    let bumped = false;
    shop.catalog.driver.script = async (target, report, current) => {
      if (!bumped) {
        bumped = true;
        await bump("trace");
      }
      return succeed(target, report, current);
    };
    await shop.ended(await rollback());
    expect(await shop.update(service)).to.deep.include({
      from_revision: 1,
      to_revision: 3,
      reasons: ["RECIPE"],
    });
    expect((await shop.service(service)).held_at).to.equal(null);
  });

  it("leaves everything as it was when the rollback fails", async () => {
    await bump("debug");
    await shop.ended(await rebuild());
    shop.catalog.driver.script = async () => {
      throw new OperationFailure("APP_EXITED", "Instance 1 ended.");
    };
    expect((await shop.ended(await rollback())).state).to.equal("FAILED");
    expect(await shop.update(service)).to.equal(undefined);
    const row = await shop.service(service);
    expect([row.desired_revision, row.deployed_revision, row.held_at]).to.deep.equal([2, 2, null]);
  });

  it("rebuilds an older revision and holds the service there", async () => {
    await bump("debug");
    await shop.ended(await rebuild());
    await shop.ended(await rebuild({ revision: 1 }));
    expect(runs().LEVEL).to.equal("info");
    expect(await shop.update(service)).to.equal(undefined);
    expect((await shop.service(service)).held_at).to.not.equal(null);
    await setInputs([{ name: "NAME", value: "mine" }]);
    expect(await shop.update(service)).to.deep.include({ reasons: ["INPUTS"], to_revision: 1 });
  });

  it("notices a value of the environment that changes while a revision is rebuilt", async () => {
    await bump("debug");
    await shop.ended(await rebuild());
    shop.catalog.driver.script = async (target, report, current) => {
      await setRegion("asia");
      return succeed(target, report, current);
    };
    await shop.ended(await rebuild({ revision: 1 }));
    expect(await shop.update(service)).to.deep.include({
      reasons: ["ENVIRONMENT"],
      from_revision: 1,
      to_revision: 1,
    });
    expect((await shop.service(service)).held_at).to.not.equal(null);
    await setRegion("eu");
    expect(await shop.update(service)).to.equal(undefined);
  });

  it("has its verdict also when what was asked for can no longer be what should run", async () => {
    const publishing = (published: number | null) => ({ ports: [{ name: "http", target: 80, published }] });
    await shop.catalog.bump(recipe, { spec: publishing(8080) });
    await shop.catalog.bump(recipe, { spec: publishing(null) });
    await shop.ended(await rebuild());
    shop.catalog.driver.script = async (target, report, current) => {
      shop.catalog.driver.script = succeed;
      const ports = [{ name: "http", published: 8080 }];
      await shop.catalog.deploy({ environment: "DEV", recipe, name: `${recipe}-b`, ports });
      return succeed(target, report, current);
    };
    expect((await shop.ended(await rebuild({ revision: 2 }))).state).to.equal("SUCCEEDED");
    expect(await shop.update(service)).to.deep.include({
      reasons: ["RECIPE"],
      from_revision: 2,
      to_revision: 3,
    });
    expect((await shop.service(service)).held_at).to.equal(null);
  });

  it("rebuilds a commit and holds the service there", async () => {
    await shop.ended(await rebuild({ commit: three }));
    expect(lastTarget().commit).to.equal(three);
    await shop.look();
    expect(await shop.update(service)).to.equal(undefined);
    shop.heads.set("main", two);
    await shop.look();
    expect((await shop.update(service))!.reasons).to.deep.equal(["CODE"]);
  });

  it("follows another branch once a rebuild from it has succeeded", async () => {
    shop.heads.set("spring", two);
    await shop.ended(await rebuild({ branch: "spring" }));
    expect(lastTarget().commit).to.equal(two);
    expect(lastTarget().spec.source!.branch).to.equal("spring");
    const row = await shop.service(service);
    expect([row.source, row.held_at]).to.deep.equal([{ branch: "spring" }, null]);
    await shop.look();
    expect(await shop.update(service)).to.equal(undefined);
    await shop.ended(await rebuild());
    expect(lastTarget().spec.source!.branch).to.equal("spring");
    await shop.ended(await rollback(deployed.id));
    expect((await shop.service(service)).source).to.deep.equal({});
  });

  it("raises CODE for new commits, once for all that follow the branch, and tells when a branch cannot be had", async () => {
    const other = await shop.catalog.deploy({ environment: "DEV", recipe, name: `${recipe}-b` });
    await shop.ended(other.operation);
    await shop.look();
    expect([await shop.update(service), await shop.update(other.service)]).to.deep.equal([
      undefined,
      undefined,
    ]);
    shop.heads.set("main", two);
    await shop.look();
    expect((await shop.update(other.service))!.reasons).to.deep.equal(["CODE"]);
    expect((await shop.update(service))!.to_commit).to.equal(two);
    await shop.ended(await rebuild());
    expect(await shop.update(service)).to.equal(undefined);
    expect((await shop.update(other.service))!.reasons).to.deep.equal(["CODE"]);
    await bump("debug");
    expect((await shop.update(other.service))!.reasons).to.deep.equal(["RECIPE", "CODE"]);
    shop.heads.delete("main");
    await shop.look();
    const [head] = await shop.sql<{ error: string; commit: string }>(
      "select error, commit from source_head where key = (select source_key from service where id = $1)",
      [service.id],
    );
    expect(head).to.deep.equal({ error: "There is no branch main.", commit: two });
    expect((await shop.update(other.service))!.reasons).to.deep.equal(["RECIPE", "CODE"]);
  });

  it("says which ingredients make the difference", async () => {
    await setInputs([{ name: "NAME", value: "mine" }]);
    expect((await shop.update(service))!.reasons).to.deep.equal(["INPUTS"]);
    await setRegion("us");
    expect((await shop.update(service))!.reasons).to.deep.equal(["INPUTS", "ENVIRONMENT"]);
    await bump("debug");
    expect((await shop.update(service))!.reasons).to.deep.equal(["RECIPE", "INPUTS", "ENVIRONMENT"]);
    await shop.catalog.bump(recipe, { spec: { env: [...env("debug").slice(0, 3)] } });
    expect((await shop.update(service))!.reasons).to.deep.equal(["RECIPE", "INPUTS"]);
    await setRegion("eu");
    await setInputs([], ["NAME"]);
    expect((await shop.update(service))!.reasons).to.deep.equal(["RECIPE"]);
  });

  it("keeps a secret's version when the same value is given again", async () => {
    await setInputs([{ name: "KEY", value: "old=key" }]);
    expect(await shop.update(service)).to.equal(undefined);
    await setInputs([{ name: "KEY", value: "other" }]);
    expect((await shop.update(service))!.reasons).to.deep.equal(["INPUTS"]);
    await shop.ended(await rebuild());
    expect(runs().KEY).to.equal("other");
  });

  it("refuses what cannot be", async () => {
    expect(await codesOf(rebuild({ revision: 9 }))).to.deep.equal(["NOT_FOUND"]);
    expect(await codesOf(rebuild({ revision: 0 }))).to.deep.equal(["INVALID"]);
    expect(await codesOf(rebuild({ commit: "abc" }))).to.deep.equal(["INVALID"]);
    expect(await codesOf(rebuild({ branch: "-x" }))).to.deep.equal(["INVALID"]);
    expect(await codesOf(rollback())).to.deep.equal(["NOT_FOUND"]);
    expect(await codesOf(rollback("opn_none"))).to.deep.equal(["NOT_FOUND"]);
    expect(await codesOf(setInputs([{ name: "NONE", value: "" }]))).to.deep.equal(["UNKNOWN_INPUT"]);
    expect(await codesOf(setInputs([], ["NONE"]))).to.deep.equal(["UNKNOWN_INPUT"]);
    shop.catalog.driver.script = async () => {
      throw new OperationFailure("APP_EXITED", "Instance 1 ended.");
    };
    const failed = await rebuild();
    await shop.ended(failed);
    expect(await codesOf(rollback(failed.id))).to.deep.equal(["INVALID"]);
  });
});
