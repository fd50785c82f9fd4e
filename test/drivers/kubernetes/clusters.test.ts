import { expect } from "chai";
import pino from "pino";
import { kubernetesConnection } from "../../../src/domain/kubernetes-connection.js";
import { Clusters, type Site } from "../../../src/drivers/kubernetes/clusters.js";
import { LeaseLost } from "../../../src/errors.js";
import { eventually } from "../../support/eventually.js";
import { answer, ScriptedApi, token } from "./scripted-api.js";

describe("the clusters of environments", () => {
  let api: ScriptedApi;
  let clusters: Clusters;
  let environments: () => Promise<string[]>;
  /** As whom an environment's cluster is spoken to; what it throws keeps that from being known. */
  let tokenOf: (environmentId: string) => string;
  beforeEach(async () => {
    api = await ScriptedApi.open();
    environments = async () => ["env_1"];
    tokenOf = () => token;
    clusters = new Clusters({
      installation: "i1",
      connections: {
        environments: () => environments(),
        of: async (id) =>
          kubernetesConnection.parse({ server: api.url, token: tokenOf(id), namespace: "shop" }),
      },
      changed: () => undefined,
      log: pino({ level: "silent" }),
    });
  });
  afterEach(async () => {
    await clusters.close();
    await api.close();
  });

  const versions = () => api.queriesOf("GET /version").length;

  it("are expected to do the least before they were asked, and what they can once they are watched", async () => {
    api.next("GET /version", answer(200, { major: "1", minor: "22", gitVersion: "v1.22.0" }));
    expect(clusters.featuresOf("env_1")).to.deep.equal({ daemonSurge: false });
    clusters.watchAll();
    await eventually(() => expect(clusters.featuresOf("env_1")).to.deep.equal({ daemonSurge: true }));
    expect(clusters.featuresOf("env_2")).to.deep.equal({ daemonSurge: false });
    expect(versions()).to.equal(1);
  });

  it("are asked again what they can do when they did not say", async () => {
    api.next(
      "GET /version",
      answer(500, "no"),
      answer(200, { major: "1", minor: "31", gitVersion: "v1.31.2" }),
    );
    const site = await clusters.of("env_1");
    await site.features().catch(() => undefined);
    expect(clusters.featuresOf("env_1")).to.deep.equal({ daemonSurge: false });
    await site.features();
    expect(clusters.featuresOf("env_1")).to.deep.equal({ daemonSurge: true });
  });

  it("are expected to do what they could when they do not say any more", async () => {
    api.next("GET /version", answer(200, { major: "1", minor: "22", gitVersion: "v1.22.0" }));
    const site = await clusters.of("env_1");
    await site.features();
    const { now } = Date;
    // What a cluster has said counts for a while only.
    Date.now = () => now() + 3_600_000;
    try {
      api.next("GET /version", answer(500, "no"));
      expect(await site.featuresSoon()).to.deep.equal({ daemonSurge: true });
      expect(versions()).to.equal(2);
    } finally {
      Date.now = now;
    }
  });

  const isFresh = ({ mirror }: Site) => mirror.ready(AbortSignal.timeout(10_000));

  it("are left when their environment is reached another way: who works there is told, and believes nothing more", async () => {
    const site = await clusters.of("env_1");
    await isFresh(site);
    tokenOf = () => "an0ther";
    clusters.watchAll();
    await eventually(() => site.closed.aborted);
    expect(site.closed.reason).to.be.instanceOf(LeaseLost);
    expect(site.mirror.isFresh).to.equal(false);
    const next = await clusters.of("env_1");
    expect(next).not.to.equal(site);
    await isFresh(next);
  });

  it("are kept while it is not known how their environment is reached", async () => {
    tokenOf = (id) => id;
    const site = await clusters.of("env_1");
    await isFresh(site);
    // Looked at after it.
    const other = await clusters.of("env_0");
    tokenOf = () => {
      throw new Error("the database is away");
    };
    clusters.watchAll();
    await eventually(() => other.closed.aborted);
    expect(site.closed.aborted).to.equal(false);
    expect(site.mirror.isFresh).to.equal(true);
  });

  it("are kept when they come while it is looked which there are", async () => {
    tokenOf = (id) => id;
    const old = await clusters.of("env_0");
    let made: Site | null = null;
    environments = async () => {
      made ??= await clusters.of("env_2");
      return ["env_1"];
    };
    clusters.watchAll();
    await eventually(() => old.closed.aborted);
    const site = made as unknown as Site;
    expect(site.closed.aborted).to.equal(false);
    expect(await clusters.of("env_2")).to.equal(site);
  });
});
