import { expect } from "chai";
import { createCredential, replaceCredential } from "../../src/domain/keep-credential.js";
import { rebuildService } from "../../src/domain/rebuild-service.js";
import { restartService } from "../../src/domain/restart-service.js";
import { scaleService } from "../../src/domain/scale-service.js";
import type { Service } from "../../src/domain/service.js";
import { actor } from "../support/catalog.js";
import { testDatabase } from "../support/cluster.js";
import { Workshop } from "../support/workshop.js";

const secret = "s3cret=токен";
const server = "registry.example:5000";
const image = { prefix: `${server}/acme`, name: "shop", tag: "1" };

describe("credentials of registries", () => {
  const database = testDatabase();
  let shop: Workshop;
  let number = 0;
  let name: string;

  before(async () => {
    shop = await Workshop.open(database);
    await shop.catalog.swarmEnvironment("SWARM");
  });
  after(() => shop.close());

  beforeEach(async () => {
    name = `made-${++number}`;
    await credential(name, server);
  });

  const driver = () => shop.catalog.swarm;
  const credential = (which: string, address: string) => {
    const input = { name: which, kind: "REGISTRY" as const, username: "bot", secret, server: address };
    return shop.catalog.run((tx) => createCredential(tx, input, shop.catalog.secretBox));
  };
  const deploy = async (spec: object) => {
    await shop.catalog.recipe(name, { image: spec });
    const { service, operation } = await shop.catalog.deploy({ environment: "SWARM", recipe: name, name });
    return { service, verdict: await shop.ended(operation) };
  };
  const rebuild = async ({ id }: Service) =>
    shop.ended(
      await shop.catalog.run((tx) => rebuildService(tx, { service: id }, actor, shop.catalog.drivers)),
    );
  const move = (address: string) =>
    shop.catalog.run((tx) =>
      replaceCredential(tx, { credential: name, server: address }, shop.catalog.secretBox),
    );

  it("are opened for who pins the image and for who pulls it", async () => {
    const { service, verdict } = await deploy({ ...image, credential: name });
    expect(verdict.state).to.equal("SUCCEEDED");
    const opened = { username: "bot", password: secret, server };
    expect(driver().pinned.at(-1)!.credential).to.deep.equal(opened);
    expect(driver().replaced.at(-1)!.target.registryCredential).to.deep.equal(opened);
    await rebuild(service);
    expect(driver().replaced.at(-1)!.current!.registryCredential).to.deep.equal(opened);
  });

  it("are not needed for an image that names none", async () => {
    expect((await deploy(image)).verdict.state).to.equal("SUCCEEDED");
    expect(driver().replaced.at(-1)!.target.registryCredential).to.equal(null);
  });

  it("go to no registry but their own", async () => {
    const asked = driver().pinned.length;
    const { verdict } = await deploy({
      ...image,
      prefix: "evil.example/registry.example:5000",
      credential: name,
    });
    expect([verdict.state, verdict.cause!.code]).to.deep.equal(["FAILED", "CREDENTIAL_MISMATCH"]);
    expect(verdict.cause!.message)
      .to.contain("evil.example")
      .and.to.contain(name)
      .and.to.contain(server)
      .and.not.to.contain(secret);
    expect(driver().pinned.length).to.equal(asked);
  });

  it("may be for Docker Hub, whatever it is called", async () => {
    await credential(`hub-${number}`, "index.docker.io");
    const { verdict } = await deploy({ name: "acme/shop", credential: `hub-${number}` });
    expect(verdict.state).to.equal("SUCCEEDED");
  });

  it("that do not exist, or are for git, end the operation", async () => {
    const input = { name: `git-${number}`, kind: "GIT" as const, username: "bot", secret };
    await shop.catalog.run((tx) => createCredential(tx, input, shop.catalog.secretBox));
    const { service, verdict } = await deploy({ ...image, credential: "nobody" });
    expect([verdict.state, verdict.cause!.code]).to.deep.equal(["FAILED", "CREDENTIAL_MISSING"]);
    await shop.catalog.bump(name, { spec: { image: { credential: `git-${number}` } } });
    expect((await rebuild(service)).cause!.code).to.equal("CREDENTIAL_MISSING");
  });

  it("that are for another registry by now fail a restart, but neither other replicas nor what puts it right", async () => {
    const { service } = await deploy({ ...image, credential: name });
    await move("elsewhere.example");
    const restart = await shop.catalog.run((tx) => restartService(tx, { service: service.id }, actor));
    expect((await shop.ended(restart)).cause!.code).to.equal("CREDENTIAL_MISMATCH");
    const scale = { service: service.id, replicas: 2 };
    const scaled = await shop.ended(await shop.catalog.run((tx) => scaleService(tx, scale, actor)));
    expect([scaled.state, driver().scaled.at(-1)!.registryCredential]).to.deep.equal(["SUCCEEDED", null]);
    await shop.catalog.bump(name, { spec: { image: { prefix: "elsewhere.example" } } });
    expect((await rebuild(service)).state).to.equal("SUCCEEDED");
    const { current, target } = driver().replaced.at(-1)!;
    expect([current!.registryCredential, target.registryCredential!.server]).to.deep.equal([
      null,
      "elsewhere.example",
    ]);
  });
});
