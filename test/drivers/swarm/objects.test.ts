import { expect } from "chai";
import type { Driver, ServiceRef, Target } from "../../../src/operations/driver.js";
import { freePort } from "../../support/free-port.js";
import { newRef, Recorder, targetOf } from "../bench.js";
import { onEngine } from "./lab.js";
import { type Fields, idle, type Trial } from "./trial.js";

const file = (text: string, path = "/etc/app") => ({ path, content: [text], mode: "0644" });
const secretFile = (version: string) => ({
  path: "/etc/login",
  content: [{ secret: version }],
  mode: "0400",
});
const secrets = new Map([
  ["v1", "pl4intext-one"],
  ["v2", "pl4intext-two"],
]);

/** Everything that the engine tells of an environment, in clear where it is only encoded. */
async function told(trial: Trial, ref: ServiceRef): Promise<string> {
  const { docker } = trial.lab;
  const filters = { label: [`rebake.environment-id=${trial.environmentId}`] };
  const configs = await docker.listConfigs({ filters } as object);
  const all = await Promise.all([
    docker.listServices({ filters: JSON.stringify(filters) } as object),
    docker.listSecrets({ filters } as object),
    docker.listNetworks({ filters: JSON.stringify(filters) } as object),
    docker.listVolumes({ filters } as object),
    trial.tasks(ref),
    trial.containers(ref),
  ]);
  const contents = configs.map(({ Spec }) => [Spec, Buffer.from(Spec!.Data!, "base64").toString()]);
  return JSON.stringify([all, contents]);
}

onEngine("configs, secrets and networks on a Docker engine", (it) => {
  it("are named by what they hold, with installation and environment, and shared", async (trial) => {
    const first = await trial.deploy({ files: [file("one"), secretFile("v1")] }, { secrets });
    const named = async () => (await trial.remains()).filter((one) => /^(config|secret) /.test(one));
    const before = await named();
    expect(before).to.have.length(2);
    for (const name of before) {
      expect(name.split(" ")[1]).to.match(new RegExp(`^${trial.scoped("[0-9a-f]{24}")}$`));
    }
    const filters = JSON.stringify({ label: [`rebake.environment-id=${trial.environmentId}`] });
    for (const list of [
      trial.lab.docker.listConfigs({ filters } as object),
      trial.lab.docker.listSecrets({ filters } as object),
    ]) {
      const [found] = (await list) as { Spec: { Labels: Record<string, string> } }[];
      expect(found!.Spec.Labels).to.deep.equal({
        "rebake.installation": trial.installation,
        "rebake.environment": "DEV",
        "rebake.environment-id": trial.environmentId,
      });
    }
    const other = trial.ref({ name: "billing" });
    await trial.deploy({ files: [file("one", "/elsewhere"), secretFile("v1")] }, { secrets }, other);
    expect(await named()).to.deep.equal(before);
    const second = await trial.rebuild(first, { files: [file("two"), secretFile("v2")] }, { secrets });
    expect(await named()).to.have.length(4);
    expect(await named()).to.include.members(before);
    // The same again is the same again.
    await trial.rebuild(second, { files: [file("one"), secretFile("v1")] }, { secrets });
    expect(await named()).to.deep.equal(before);
  });

  it("go when nothing uses them: after a rebuild, a rebuild that failed, and a removal", async (trial) => {
    const first = await trial.deploy(
      { files: [file("one"), secretFile("v1")], networks: ["back", "front"] },
      { secrets },
    );
    const kinds = async () => (await trial.remains()).map((one) => one.split(" ")[0]).join(" ");
    expect(await kinds()).to.equal("config network network secret service");
    const before = await trial.remains();
    const crashing = trial.spec({
      command: ["sh", "-c", "exit 3"],
      // Without it the engine takes the new one for ready as soon as it has begun.
      readiness: { exec: { command: ["false"] } },
      files: [file("two"), secretFile("v2"), file("new", "/etc/new")],
      networks: ["back", "other"],
    });
    await trial.fails("APP_EXITED", first, trial.target(first.ref, crashing, { secrets }));
    await trial.until("only what was there before is left", async () => {
      return `${await trial.remains()}` === `${before}`;
    });
    const second = await trial.rebuild(first, { files: [file("two")], networks: ["back"] });
    await trial.until("the rest is gone", async () => (await kinds()) === "config network service");
    await trial.remove(second.ref);
    await trial.expectNothingLeft();
  });

  it("do not stay of what never ran, or was never taken", async (trial) => {
    const crashing = trial.spec({
      command: ["sh", "-c", "exit 3"],
      files: [file("x"), secretFile("v1")],
      rollout: { monitor: 3 },
    });
    await trial.fails("APP_EXITED", null, trial.target(trial.ref({ name: "a" }), crashing, { secrets }));
    const published = await freePort();
    const owner = await trial.deploy({ ports: [{ name: "http", target: 80, published }] });
    const taken = trial.spec({
      ports: [{ name: "http", target: 80, published }],
      files: [file("y"), secretFile("v2")],
      networks: ["another"],
    });
    await trial.fails("PORT_TAKEN", null, trial.target(trial.ref({ name: "b" }), taken, { secrets }));
    await trial.remove(owner.ref);
    await trial.expectNothingLeft();
  });

  it("are made again at once after they went", async (trial) => {
    const ref = trial.ref();
    for (const text of ["one", "one", "two"]) {
      const target = await trial.deploy({ files: [file(text)] }, {}, ref);
      expect(await trial.run(target, "cat", "/etc/app")).to.equal(text);
      await trial.remove(ref);
    }
  });

  it("never say what is secret", async (trial) => {
    const target = await trial.deploy(
      {
        env: [
          { name: "PASSWORD", value: [{ secret: "v1" }] },
          { name: "WHO", value: [{ computed: "REBAKE_INSTANCE" }, { secret: "v2" }] },
        ],
        files: [
          secretFile("v2"),
          { path: "/etc/url", content: ["http://", { secret: "v1" }, "/"], mode: "0444" },
        ],
        readiness: { exec: { command: ["test", "-e", "/etc/url"] }, period: 1 },
      },
      { secrets },
    );
    expect((await trial.environment(target)).get("WHO")).to.equal("1pl4intext-two");
    const everything = await told(trial, target.ref);
    expect(everything).to.include("rebake.installation");
    expect(everything).not.to.match(/pl4intext/);
    expect(everything).not.to.include(Buffer.from("pl4intext").toString("base64").slice(0, 10));
  });

  it("may have long names", async (trial) => {
    const long = { environment: "E".repeat(30), name: "s".repeat(63) };
    const [one, other] = [`${"n".repeat(62)}1`, `${"n".repeat(62)}2`];
    const target = await trial.deploy({ networks: [one, other] }, {}, trial.ref(long));
    const { Networks } = (await trial.container(target)).NetworkSettings;
    expect(Object.keys(Networks)).to.have.length(2);
    expect(await trial.run(target, "getent", "hosts", long.name)).to.match(/\d/);
    const second = await trial.rebuild(target, { networks: [one], files: [file("x")] });
    expect(await trial.lab.driver.drift(second)).to.deep.equal([]);
  });

  for (const [what, apart] of [
    ["two Rebakes", (trial: Trial) => ({ driver: trial.lab.newDriver(`${trial.installation}-b`), ref: {} })],
    [
      "two environments",
      (trial: Trial) => ({ driver: trial.lab.driver, ref: { environmentId: `${trial.environmentId}b` } }),
    ],
  ] as const) {
    it(`of ${what} on one swarm never meet, with the same names for everything`, async (trial) => {
      const { driver, ref } = apart(trial);
      const [mine, theirs] = [trial.ref(), trial.ref({ ...ref }, driver)];
      const fields = (who: string): Fields => ({
        command: [...idle, who],
        networks: ["back"],
        endpointMode: "DNSRR",
        volumes: [{ source: "data", target: "/data", shared: true }],
        files: [file("the same"), file(who, "/etc/who"), secretFile("v1")],
      });
      const begin = async (at: Driver, of: ServiceRef, who: string): Promise<Target> => {
        const target = targetOf(of, trial.spec(fields(who)), { image: trial.lab.node, secrets });
        const { verdict, cause } = await at.replace(null, target, new Recorder());
        expect(verdict, JSON.stringify(cause)).to.equal("UNPROVEN");
        return target;
      };
      const one = await begin(trial.lab.driver, mine, "mine");
      const two = await begin(driver, theirs, "theirs");
      const ids = async (at: Driver, of: ServiceRef) => (await at.inspect(of)).tasks.map(({ id }) => id);
      const [idsOfOne, idsOfTwo] = [await ids(trial.lab.driver, mine), await ids(driver, theirs)];
      expect(idsOfOne).not.to.deep.equal(idsOfTwo);
      const containers = await trial.labelled([
        `rebake.service=orders`,
        `rebake.service-id=${mine.serviceId}`,
      ]);
      const others = await trial.labelled([`rebake.service=orders`, `rebake.service-id=${theirs.serviceId}`]);
      expect([containers.length, others.length]).to.deep.equal([1, 1]);
      const run = (id: string, ...argv: string[]) => trial.lab.exec(id, argv).then(({ out }) => out);
      await run(containers[0]!.Id, "sh", "-c", "echo mine > /data/whose");
      expect(await run(others[0]!.Id, "ls", "/data")).to.equal("");
      expect(await run(others[0]!.Id, "cat", "/etc/app", "/etc/who")).to.equal("the sametheirs");
      const address = Object.values(containers[0]!.NetworkSettings.Networks)[0]!.IPAddress;
      expect(await run(containers[0]!.Id, "getent", "hosts", "orders")).to.include(`${address} `);
      expect(await run(others[0]!.Id, "getent", "hosts", "orders")).not.to.include(`${address} `);
      const foreign = (await driver.foreign(theirs.environmentId)).map(({ name }) => name);
      expect(foreign.includes(trial.name(mine))).to.equal(driver !== trial.lab.driver);

      const next = targetOf(mine, trial.spec({ ...fields("mine"), files: [] }), { image: trial.lab.node });
      expect((await trial.lab.driver.replace(one, next, new Recorder())).verdict).to.equal("UNPROVEN");
      await trial.remove(mine);
      expect(await ids(driver, theirs)).to.deep.equal(idsOfTwo);
      expect(await driver.drift(two)).to.deep.equal([]);
      const again = await trial.lab.docker.getContainer(others[0]!.Id).inspect();
      expect(again.State.Running).to.equal(true);
      // What it has is there for the next container, too.
      const rebuilt = targetOf(theirs, two.spec, { image: trial.lab.node, secrets });
      expect((await driver.replace(two, rebuilt, new Recorder())).verdict).to.equal("UNPROVEN");
      await driver.remove(theirs, new Recorder());
      await trial.expectNothingLeft(theirs.environmentId, ["volume"]);
      await trial.removeVolumes(theirs.environmentId);
    });
  }

  it("of services that Rebake does not know stay as they are", async (trial) => {
    const { docker } = trial.lab;
    const name = `foreign-${trial.environmentId.slice(-12)}`;
    const config = (await docker.createConfig({ Name: name, Data: "eA==", Labels: {} })) as { id: string };
    const network = await docker.createNetwork({ Name: name, Driver: "overlay" });
    trial.closing(async () => {
      await docker.getConfig(config.id).remove();
      await network.remove();
    });
    const target = await trial.deploy({ networks: [name], files: [file("x")] });
    await trial.rebuild(target, { networks: [] });
    await trial.remove(newRef("nobody", trial.environmentId));
    await trial.remove(target.ref);
    expect((await docker.getConfig(config.id).inspect()) as object).to.have.property("ID", config.id);
    expect(await network.inspect()).to.have.property("Name", name);
  });
});
