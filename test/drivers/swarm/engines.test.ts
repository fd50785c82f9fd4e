import { expect } from "chai";
import { Engines } from "../../../src/drivers/swarm/engines.js";
import { LeaseLost } from "../../../src/errors.js";
import { eventually } from "../../support/eventually.js";
import { silent } from "../../support/silent.js";
import { newRef } from "../bench.js";

/** Nothing listens there. */
const away = (port: number) => `tcp://127.0.0.1:${port}`;

describe("the engines of environments", () => {
  let engines: Engines;
  let environments: () => Promise<string[]>;
  /** Where an environment's engine is; what it throws keeps that from being known. */
  let hostOf: (environmentId: string) => string;
  beforeEach(() => {
    environments = async () => ["env_1"];
    hostOf = (id) => away(Number(id.slice(-1)));
    engines = new Engines({
      installation: "i1",
      connections: {
        environments: () => environments(),
        of: async (id) => ({ host: hostOf(id), ca: null, certificate: null, key: null }),
      },
      changed: () => undefined,
      log: silent,
    });
  });
  afterEach(() => engines.close());

  const used = (environmentId: string) => engines.used(newRef("orders", environmentId));

  it("are left when their environment is reached another way: who works there is told", async () => {
    const { engine, closed } = await used("env_1");
    hostOf = () => away(2);
    engines.watchAll();
    await eventually(() => closed.aborted);
    expect(closed.reason).to.be.instanceOf(LeaseLost);
    expect((await used("env_1")).engine).not.to.equal(engine);
  });

  it("are kept while it is not known how their environment is reached", async () => {
    const { closed } = await used("env_1");
    // Looked at after it.
    const other = await used("env_3");
    hostOf = () => {
      throw new Error("the database is away");
    };
    engines.watchAll();
    await eventually(() => other.closed.aborted);
    expect(closed.aborted).to.equal(false);
  });

  it("are kept when they come while it is looked which there are", async () => {
    const old = await used("env_3");
    let closed: AbortSignal | null = null;
    environments = async () => {
      closed ??= (await used("env_2")).closed;
      return ["env_1"];
    };
    engines.watchAll();
    await eventually(() => old.closed.aborted);
    expect(closed).to.have.property("aborted", false);
  });
});
