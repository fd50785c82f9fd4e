import { expect } from "chai";
import { LeaseLost } from "../../src/errors.js";
import type { OperationSnapshot } from "../../src/events/event-map.js";
import type { StepProgress, Undo } from "../../src/operations/driver.js";
import { Journal, type OpenJournal } from "../../src/operations/journal.js";
import type { Catalog } from "../support/catalog.js";
import { testDatabase } from "../support/cluster.js";
import { succeed } from "../support/scripted-driver.js";
import { Workshop } from "../support/workshop.js";

describe("what is left to the next claim", () => {
  const database = testDatabase();
  let workshop: Workshop;
  let catalog: Catalog;
  let number = 0;
  /** Steps that cannot be written down: the database is away just then. */
  let failing: (progress: StepProgress) => boolean;

  const openJournal: OpenJournal = (...given) => {
    const journal = new Journal(...given);
    const step = journal.step.bind(journal);
    journal.step = async (progress) => {
      if (failing(progress)) {
        throw Object.assign(new Error("Connection terminated unexpectedly"), { code: "57P01" });
      }
      return step(progress);
    };
    return journal;
  };

  before(async () => {
    workshop = await Workshop.open(database, openJournal);
    catalog = workshop.catalog;
    await catalog.environment("DEV");
    await catalog.recipe("shop");
  });
  beforeEach(() => {
    failing = () => false;
  });
  after(() => workshop?.close());

  const deploy = async () =>
    (await catalog.deploy({ environment: "DEV", recipe: "shop", name: `shop-${++number}` })).operation;
  /** Its verdict, and how often it was claimed. */
  async function ended(operation: { id: string }): Promise<[string, string]> {
    const { state } = await workshop.ended(operation);
    const [row] = await workshop.sql<{ fence: string }>("select fence from operation where id = $1", [
      operation.id,
    ]);
    return [state, row!.fence];
  }

  it("is claimed at once when its driver leaves it", async () => {
    let claims = 0;
    catalog.driver.script = async (target, report, current) => {
      if (++claims === 1) {
        throw new LeaseLost("(its environment's connection was changed)");
      }
      return succeed(target, report, current);
    };
    expect(await ended(await deploy())).to.deep.equal(["SUCCEEDED", "2"]);
    expect(claims).to.equal(2);
  });

  it("goes on as an undoing once that was begun, its steps as they were", async () => {
    const cause = { code: "APP_EXITED", message: "It ended.", exitCode: 3, lastLines: ["boom"] } as const;
    const step = { step: "START", of: 2, done: 1 } as const;
    const why: Undo = {
      cause: { ...cause, lastLines: ["boom"] },
      step: { ...step, state: "FAILED" },
      hasReplaced: true,
    };
    const seen: (Undo | null)[] = [];
    catalog.driver.script = async (_target, report) => {
      seen.push(report.undoing);
      if (!report.undoing) {
        await report.step({ ...step, state: "RUNNING" });
        await report.undo(why);
        throw new LeaseLost("(it is killed)");
      }
      await report.step(report.undoing.step!);
      return { verdict: "ROLLED_BACK", cause: report.undoing.cause };
    };
    const operation = await deploy();
    expect(await ended(operation)).to.deep.equal(["ROLLED_BACK", "2"]);
    expect((await workshop.ended(operation)).cause).to.deep.equal(why.cause);
    expect(seen).to.deep.equal([null, why]);
    const told = (await catalog.events()).flatMap(({ type, payload }) =>
      type === "OPERATION_CHANGED" && payload.operationId === operation.id
        ? [payload as OperationSnapshot]
        : [],
    );
    const steps = told.map((one) => one.steps.map(({ state }) => state[0]).join(""));
    expect(steps.slice(-4)).to.deep.equal(["DPPPPPP", "DPPRPPP", "DPPFPPP", "DSSFSSS"]);
  });

  it("is what cannot be written down, which is not undone for that", async () => {
    const seen: unknown[] = [];
    failing = ({ step }) => step === "START" && seen.length === 0;
    catalog.driver.script = async (target, report, current) => {
      try {
        await report.step({ step: "START", state: "RUNNING", done: 0, of: 1 });
      } catch (error) {
        seen.push(error);
        throw error;
      }
      return succeed(target, report, current);
    };
    expect(await ended(await deploy())).to.deep.equal(["SUCCEEDED", "2"]);
    expect(seen[0]).to.be.instanceOf(LeaseLost).and.to.have.nested.property("cause.code", "57P01");
  });
});
