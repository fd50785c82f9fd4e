import { generateKeyPairSync } from "node:crypto";
import { expect } from "chai";
import { createEnvironment } from "../../src/domain/create-environment.js";
import { updateEnvironment } from "../../src/domain/update-environment.js";
import { Catalog, hostId } from "../support/catalog.js";
import { testDatabase } from "../support/cluster.js";
import { codesOf, fieldsOf, messagesOf } from "../support/codes.js";
import { byToken, kubeconfig, server, token } from "../support/kubeconfigs.js";
import { ca, certificate, key, lockedKey } from "../support/pems.js";

const unix = "unix:///var/run/docker.sock";
const tcp = "tcp://engine.example:2376";
const tls = { host: tcp, ca, certificate, key };
type Swarm = Parameters<Catalog["swarmEnvironment"]>[1];
type Kubernetes = Parameters<Catalog["kubernetesEnvironment"]>[1];

describe("connections of environments", () => {
  const database = testDatabase();
  let catalog: Catalog;
  let number = 0;

  before(async () => {
    catalog = await Catalog.open(database);
  });

  const create = (swarm: Swarm) => catalog.swarmEnvironment(`S${++number}`, swarm);
  const update = (environment: string, swarm: Swarm) =>
    catalog.run((tx) => updateEnvironment(tx, { environment, swarm }, catalog));
  const kept = async (code: string) =>
    (await catalog.transactions.dataSource.query("select * from environment where code = $1", [code]))[0];

  it("show where the engine is and whether it is by TLS, and no more", async () => {
    expect((await create({ host: unix })).engine).to.deep.equal({ host: unix, tls: false });
    expect((await create({ host: tcp })).engine).to.deep.equal({ host: tcp, tls: false });
    const made = await create(tls);
    expect(made.engine).to.deep.equal({ host: tcp, tls: true });
    expect(JSON.stringify(made)).not.to.contain("BEGIN");
    const row = await kept(made.code);
    expect(row.connection.toString("latin1")).not.to.contain("BEGIN").and.not.to.contain("engine.example");
    expect(JSON.stringify({ ...row, connection: null })).not.to.contain("BEGIN");
  });

  it("are needed by the drivers of engines, and refused for others", async () => {
    expect(await fieldsOf(create(null))).to.deep.equal(["swarm"]);
    const input = { code: "HERE", driver: "PROCESS" as const, swarm: { host: unix } };
    const made = catalog.run((tx) => createEnvironment(tx, input, { hostId, ...catalog }));
    expect(await messagesOf(made)).to.deep.equal([
      "swarm: a PROCESS environment is not connected by it; leave it out.",
    ]);
    await catalog.environment("HERE");
    expect(await codesOf(update("HERE", { host: unix }))).to.deep.equal(["INVALID"]);
    expect(await kept("HERE")).to.include({ connection: null, engine: null });
  });

  it("are replaced as a whole, or stay", async () => {
    const { code } = await create(tls);
    const before = await kept(code);
    await update(code, null);
    expect(await kept(code)).to.deep.equal(before);
    expect((await update(code, { host: tcp })).engine).to.deep.equal({ host: tcp, tls: false });
    expect(await kept(code)).to.deep.include({ engine: { host: tcp, tls: false } });
    expect(await fieldsOf(update(code, { host: tcp, certificate }))).to.deep.equal(["swarm.ca", "swarm.key"]);
    expect((await kept(code)).engine).to.deep.equal({ host: tcp, tls: false });
  });

  const good = [
    unix,
    "unix:///run/user/1000/docker.sock",
    "tcp://10.0.0.1:2375",
    "tcp://docker_proxy:2375",
    "tcp://[fd00::1]:2376",
  ];
  for (const host of good) {
    it(`may be ${host}`, async () => {
      expect((await create({ host })).engine!.host).to.equal(host);
    });
  }

  const wrong = [
    "",
    "/var/run/docker.sock",
    "unix://docker.sock",
    "unix:///a\nb",
    `unix:///${"x".repeat(107)}`,
    "tcp://host",
    "tcp://host:0",
    "tcp://host:65536",
    "tcp://user:password@host:2376",
    "tcp://host:2376/path",
    "https://host:2376",
    "ssh://host:22",
    "npipe:////./pipe/docker_engine",
  ];
  for (const host of wrong) {
    it(`are not ${JSON.stringify(host.slice(0, 40))}`, async () => {
      expect(await fieldsOf(create({ host }))).to.deep.equal(["swarm.host"]);
    });
  }

  const other = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
  const otherKey = other.export({ type: "pkcs8", format: "pem" }) as string;
  const unfit: [string, Exclude<Swarm, null | undefined>, string[]][] = [
    ["keys for a socket", { ...tls, host: unix }, ["swarm.ca", "swarm.certificate", "swarm.key"]],
    ["a certificate alone", { host: tcp, certificate }, ["swarm.ca", "swarm.key"]],
    ["a ca alone", { host: tcp, ca }, ["swarm.certificate", "swarm.key"]],
    [
      "what is no PEM",
      { host: tcp, ca: "a", certificate: "b", key: "c" },
      ["swarm.ca", "swarm.certificate", "swarm.key"],
    ],
    ["an empty text", { ...tls, ca: "" }, ["swarm.ca"]],
    [
      "a certificate that is cut off",
      { ...tls, certificate: certificate.replace(/[^\n]+\n(?=-----END)/, "") },
      ["swarm.certificate"],
    ],
    [
      "a key in the certificate's place",
      { ...tls, certificate: `${certificate}${key}` },
      ["swarm.certificate"],
    ],
    ["a certificate in the key's place", { ...tls, key: certificate }, ["swarm.key"]],
    ["a key under a passphrase", { ...tls, key: lockedKey }, ["swarm.key"]],
    ["a key of another certificate", { ...tls, key: otherKey }, ["swarm.key"]],
  ];
  for (const [what, swarm, fields] of unfit) {
    it(`are not ${what}, and no message repeats any of it`, async () => {
      expect(await fieldsOf(create(swarm))).to.deep.equal(fields);
      const messages = (await messagesOf(create(swarm))).join("\n");
      expect(messages).not.to.match(/-----|MII|MHc/);
    });
  }

  it("take several certificates, with words between them and line ends of Windows", async () => {
    const bundle = `subject=CN = test ca\n${ca}\nits client:\n${certificate}`.replaceAll("\n", "\r\n");
    const own = `${certificate}${ca}`;
    expect((await create({ ...tls, ca: bundle, certificate: own })).engine!.tls).to.equal(true);
  });
});

describe("connections of environments to Kubernetes", () => {
  const database = testDatabase();
  const namespace = "shop";
  const direct = { server, token, ca, namespace };
  const engine = { host: server, tls: true, namespace };
  let catalog: Catalog;
  let number = 0;

  before(async () => {
    catalog = await Catalog.open(database);
  });

  const create = (kubernetes: Kubernetes) => catalog.kubernetesEnvironment(`K${++number}`, kubernetes);
  const update = (environment: string, kubernetes: Kubernetes) =>
    catalog.run((tx) => updateEnvironment(tx, { environment, kubernetes }, catalog));
  const kept = async (code: string) =>
    (await catalog.transactions.dataSource.query("select * from environment where code = $1", [code]))[0];

  it("show where the cluster is, by TLS or not, and the namespace, and no more", async () => {
    for (const given of [direct, { kubeconfig: kubeconfig(), namespace }]) {
      const made = await create(given);
      expect(made.engine).to.deep.equal(engine);
      const row = await kept(made.code);
      expect(row).to.deep.include({ engine, host_id: null });
      expect(row.connection.toString("latin1")).not.to.match(/cluster\.example|eyJ|shop/);
      expect(JSON.stringify([made, { ...row, connection: null }])).not.to.match(/eyJ|BEGIN|LS0t/);
    }
    expect((await create({ inCluster: true, namespace })).engine).to.deep.equal({
      ...engine,
      host: "in-cluster",
    });
  });

  it("are needed for KUBERNETES, and refused for others", async () => {
    expect(await messagesOf(create(null))).to.deep.equal([
      "kubernetes: a KUBERNETES environment needs to know its cluster; give a namespace and a kubeconfig, or server and token, or inCluster for the cluster that this server runs in.",
    ]);
    for (const [driver, swarm] of [
      ["PROCESS", null],
      ["SWARM", { host: unix }],
    ] as const) {
      const input = { code: `NO-${driver}`, driver, swarm, kubernetes: direct };
      const made = catalog.run((tx) => createEnvironment(tx, input, { hostId, ...catalog }));
      expect(await messagesOf(made)).to.deep.equal([
        `kubernetes: a ${driver} environment is not connected by it; leave it out.`,
      ]);
    }
    const { code } = await create(direct);
    const wrong = catalog.run((tx) => updateEnvironment(tx, { environment: code, swarm: tls }, catalog));
    expect(await messagesOf(wrong)).to.deep.equal([
      "swarm: a KUBERNETES environment is not connected by it; leave it out.",
    ]);
    expect(await kept(code)).to.deep.include({ engine });
  });

  it("are of no use to a server without the driver", async () => {
    const drivers = new Map([["PROCESS", catalog.driver] as const]);
    const input = { code: "NONE", driver: "KUBERNETES" as const, kubernetes: direct };
    const made = catalog.run((tx) => createEnvironment(tx, input, { hostId, ...catalog, drivers }));
    expect(await codesOf(made)).to.deep.equal(["DRIVER_UNAVAILABLE"]);
  });

  it("are replaced as a whole, or stay", async () => {
    const { code } = await create(direct);
    const before = await kept(code);
    await update(code, null);
    expect(await kept(code)).to.deep.equal(before);
    const moved = { host: "https://10.0.0.2:6443", tls: true, namespace: "other" };
    const text = kubeconfig({ cluster: { server: moved.host }, user: byToken });
    expect((await update(code, { kubeconfig: text, namespace: "other" })).engine).to.deep.equal(moved);
    expect(await fieldsOf(update(code, { server, namespace }))).to.deep.equal(["kubernetes.token"]);
    expect(await fieldsOf(update(code, { namespace }))).to.deep.equal(["kubernetes"]);
    expect(await kept(code)).to.deep.include({ engine: moved });
  });
});
