import { randomBytes } from "node:crypto";
import { Writable } from "node:stream";
import type { V1PolicyRule } from "@kubernetes/client-node";
import { expect } from "chai";
import pino from "pino";
import { newId } from "../../../src/domain/id.js";
import { permissions } from "../../../src/drivers/kubernetes/health.js";
import { createKubernetesDriver, type KubernetesDriver } from "../../../src/drivers/kubernetes/index.js";
import type { Outcome, Target } from "../../../src/operations/driver.js";
import { rulesOf } from "../../support/deploy-manifests.js";
import { eventually } from "../../support/eventually.js";
import { deleteNamespaces, kubeconfigFile, openCluster } from "../../support/kubernetes.js";
import { newRef, Recorder, type SpecFields, specOf, targetOf } from "../bench.js";
import { Account } from "./account.js";
import type { Cluster } from "./cluster.js";

const image = "node:20-bookworm";
const program = `
const server = require("http").createServer((_, response) => response.end(process.env.VERSION));
process.on("SIGTERM", () => process.exit());
server.listen(3000, () => console.log("listening, version " + process.env.VERSION));
`;

/** A rule for each verb of each resource. */
function oneByOne(rules: readonly V1PolicyRule[]) {
  return rules.flatMap(({ apiGroups, resources, verbs }) =>
    apiGroups!.flatMap((group) =>
      resources!.flatMap((resource) =>
        verbs.map((verb) => ({ apiGroups: [group], resources: [resource], verbs: [verb] })),
      ),
    ),
  );
}

describe(`the role that Rebake has on a cluster${kubeconfigFile ? "" : " (needs TEST_KUBECONFIG)"}`, function () {
  this.timeout(300_000);
  const namespace = `rebake-test-${randomBytes(4).toString("hex")}-role`;
  const environmentId = newId("environment");
  const here = rulesOf("rebake-environment");
  const everywhere = rulesOf("rebake-cluster");
  const warnings: string[] = [];
  let cluster: Cluster;
  let account: Account;
  let driver: KubernetesDriver;

  before(async function () {
    if (!kubeconfigFile) {
      this.skip();
    }
    cluster = openCluster();
    await cluster.createNamespace(namespace);
    account = await Account.open(cluster.kubeconfig, namespace);
    const written = new Writable({
      write(chunk, _encoding, done) {
        warnings.push(String(chunk));
        done();
      },
    });
    driver = createKubernetesDriver({
      installation: `test-${randomBytes(4).toString("hex")}`,
      connections: { environments: async () => [environmentId], of: async () => account.connection },
      log: pino({ level: "warn" }, written),
    });
  });
  after(async () => {
    await driver?.close();
    await account?.close();
    if (cluster) {
      await deleteNamespaces(cluster, namespace);
    }
  });

  const check = () => driver.check(environmentId);
  /** What of the health is about rights that are missing. */
  const missing = async (): Promise<string[]> => {
    const { error, limitations } = await check();
    return [...(error === null ? [] : [error]), ...limitations].filter((line) => /user may not/.test(line));
  };
  const nothingMissing = () =>
    eventually(async () => {
      expect(await missing()).to.deep.equal([]);
      return true;
    });
  const target = (name: string, version: string, fields: SpecFields = {}, facts: Partial<Target> = {}) =>
    targetOf(
      newRef(name, environmentId),
      driver.project(
        specOf({
          image: {
            prefix: null,
            name: "node",
            tag: "20-bookworm",
            pullPolicy: "IF_NOT_PRESENT",
            credential: null,
          },
          command: ["node", "-e", program],
          ports: [{ name: "http", target: 3000, published: null }],
          readiness: { httpGet: { path: "/" }, tcp: null, exec: null, period: 1, timeout: 10 },
          env: [
            { name: "VERSION", value: [version] },
            { name: "KEY", value: [{ secret: "s1" }] },
          ],
          files: [{ path: "/etc/app.conf", mode: "0644", content: ["plain"] }],
          rollout: { monitor: 0, deadline: 120, drain: 0 },
          ...fields,
        }),
      ).spec,
      { image, secrets: new Map([["s1", "hidden"]]), ...facts },
    );
  const succeeded = ({ verdict, cause }: Outcome) =>
    expect(verdict, JSON.stringify(cause)).to.equal("SUCCEEDED");

  /** Everything that a driver does with a service. */
  async function live(name: string): Promise<void> {
    const first = target(name, "1");
    succeeded(await driver.replace(null, first, new Recorder()));
    const second = { ...target(name, "2"), ref: first.ref };
    succeeded(await driver.replace(first, second, new Recorder()));
    succeeded(await driver.scale({ ...second, replicas: 2 }, 1, new Recorder()));
    const lines = [];
    for await (const { line } of driver.logs(first.ref, {
      ...{ tail: 10, follow: false },
      signal: AbortSignal.timeout(20_000),
    })) {
      lines.push(line);
    }
    expect(lines).to.deep.equal(["listening, version 2", "listening, version 2"]);
    await cluster.addVariable(namespace, first.ref.serviceId);
    await eventually(async () => (await driver.inspect(first.ref)).drifted);
    expect((await driver.drift(second)).map(({ path }) => path.join("."))).to.include.members([
      "containers.app.env.BY_HAND.value",
    ]);
    const third = { ...target(name, "3"), ref: first.ref, replicas: 2 };
    succeeded(await driver.replace(second, third, new Recorder()));
    expect(await driver.drift(third)).to.deep.equal([]);
    succeeded(await driver.remove(first.ref, new Recorder()));
    expect((await driver.inspect(first.ref)).state).to.equal("STOPPED");
  }

  it("is enough for all that a driver does", async () => {
    await account.mayHere(here);
    await account.mayEverywhere(everywhere);
    await nothingMissing();
    expect(await check()).to.deep.include({ reachable: true, error: null });
    await live("orders");
  });

  it("is enough for each kind of workload, and for volumes", async () => {
    const volume = {
      type: "VOLUME",
      source: "data",
      target: "/data",
      readOnly: false,
      shared: false,
    } as const;
    const idle = target("idle", "1", { volumes: [volume] }, { replicas: 0 });
    succeeded(await driver.replace(null, idle, new Recorder()));
    const global = target("agent", "1", { mode: "GLOBAL" });
    succeeded(await driver.replace(null, global, new Recorder()));
    succeeded(await driver.remove(idle.ref, new Recorder()));
    succeeded(await driver.remove(global.ref, new Recorder()));
    const left = await cluster.things(namespace, null);
    expect(left.filter(({ ending }) => !ending).map(({ kind }) => kind)).to.deep.equal([
      "persistentvolumeclaim",
    ]);
    expect(warnings).to.deep.equal([]);
  });

  it("is enough without what is of the whole cluster, once the namespace is there, and health says what is missed", async () => {
    await account.mayEverywhere(null);
    await eventually(async () => (await missing()).length === 3);
    const { error, nodes, limitations } = await check();
    expect([error, nodes]).to.deep.equal([null, 0]);
    expect(limitations.slice(0, 3)).to.deep.equal([
      "The connection's user may not get namespaces: a namespace that is missing has to be made by hand.",
      "The connection's user may not create namespaces: a namespace that is missing has to be made by hand.",
      "The connection's user may not list nodes: nodes are not counted, and ports of nodes are shown with the address within the cluster.",
    ]);
    await live("catalog");
    expect(warnings).to.deep.equal([]);
  });

  it("has nothing that could be left out unnoticed", async () => {
    await account.mayEverywhere(everywhere);
    await account.mayHere(here);
    await nothingMissing();
    const granted = oneByOne(here);
    for (const taken of granted) {
      await account.mayHere(granted.filter((one) => one !== taken));
      const [group, resource] = [taken.apiGroups[0], taken.resources[0]];
      const named = `${taken.verbs[0]} ${group ? `${resource}.${group}` : resource}`;
      const otherwise = permissions.find((one) => one.resource === resource)?.otherwise;
      const told = otherwise
        ? `The connection's user may not ${named}: ${otherwise}.`
        : `The connection's user may not, in namespace ${namespace}: ${named}. Grant it the role of docs/kubernetes-driver.md.`;
      await eventually(async () => {
        expect(await missing()).to.deep.equal([told]);
        return true;
      });
    }
    await account.mayHere(here);
    const wide = oneByOne(everywhere);
    for (const taken of wide) {
      await account.mayEverywhere(wide.filter((one) => one !== taken));
      await eventually(async () => {
        const [limitation, ...others] = await missing();
        expect(limitation).to.match(new RegExp(`may not ${taken.verbs[0]} ${taken.resources[0]}: `));
        expect(others).to.deep.equal([]);
        expect((await check()).error).to.equal(null);
        return true;
      });
    }
  });
});
