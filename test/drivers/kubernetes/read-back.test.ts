import { randomBytes } from "node:crypto";
import { AppsV1Api, KubeConfig, PatchStrategy, setHeaderOptions } from "@kubernetes/client-node";
import { expect } from "chai";
import fc from "fast-check";
import type { RenderedSpec } from "../../../src/domain/rendered-spec.js";
import type { KubeService, Workload } from "../../../src/drivers/kubernetes/api-types.js";
import { Cluster } from "../../../src/drivers/kubernetes/cluster.js";
import { differences, isDrifted } from "../../../src/drivers/kubernetes/drift.js";
import { manifestOf, typeOf } from "../../../src/drivers/kubernetes/manifest.js";
import { annotations, engineName } from "../../../src/drivers/kubernetes/names.js";
import { listPath, objectPath } from "../../../src/drivers/kubernetes/paths.js";
import { serviceManifest } from "../../../src/drivers/kubernetes/service-manifest.js";
import type { ServiceRef } from "../../../src/operations/driver.js";
import { newRef, specOf, targetOf } from "../bench.js";
import { environmentOf } from "./kubelet.js";
import { image, programs, renderedSpec, source } from "./spec-arbitraries.js";

const file = process.env.TEST_KUBECONFIG ?? "";
const seed = Number(process.env.TEST_SPEC_SEED ?? Date.now() % 1e9);
const namespace = `rebake-test-${randomBytes(4).toString("hex")}-read-back`;
const selector = { "rebake/service-id": "svc_1" };
const refOf = (name: string): ServiceRef => ({ ...newRef(name, "env_1"), serviceId: "svc_1" });

/** Nothing has to run for that: Deployments without replicas. */
const specs = (count: number) =>
  fc.sample(renderedSpec, { numRuns: count, seed }).map((spec) => ({ ...spec, mode: "REPLICATED" as const }));

describe(`what a cluster makes of any recipe${file ? "" : " (needs TEST_KUBECONFIG)"}`, function () {
  this.timeout(120_000);
  let cluster: Cluster;
  let apps: AppsV1Api;

  before(async function () {
    if (!file) {
      this.skip();
    }
    const config = new KubeConfig();
    config.loadFromFile(file);
    cluster = new Cluster(config);
    apps = config.makeApiClient(AppsV1Api);
    const body = { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } };
    await cluster.create("namespace", "/api/v1/namespaces", body);
  });

  after(async () => {
    await cluster?.remove("namespace", `/api/v1/namespaces/${namespace}`);
    cluster?.close();
  });

  async function put(name: string, spec: RenderedSpec) {
    const target = targetOf(refOf(name), spec, {
      ...{ image, commit: spec.source && "c".repeat(40), replicas: 0 },
      secrets: new Map([["v1", "pl4in$"]]),
    });
    const manifest = manifestOf(target, programs, { daemonSurge: false });
    const { workload, kind } = manifest;
    const path = objectPath(kind, namespace, name);
    await cluster.apply(kind, path, {
      ...typeOf(kind),
      metadata: {
        name,
        labels: workload.metadata.labels,
        annotations: {
          ...workload.metadata.annotations,
          [annotations.applied]: JSON.stringify(workload.spec),
        },
      },
      spec: { ...workload.spec, selector: { matchLabels: selector } },
    });
    return { manifest, read: async () => (await cluster.get<Workload>(kind, path))! };
  }

  it(`is read back as it was written (TEST_SPEC_SEED=${seed})`, async () => {
    for (const [index, spec] of specs(16).entries()) {
      const { manifest, read } = await put(`random-${index}`, spec);
      const found = await read();
      expect(differences(found), JSON.stringify(spec)).to.deep.equal([]);
      expect(isDrifted(found)).to.equal(false);
      const seen = environmentOf(found.spec.template.spec.containers[0]!, manifest.parts, "random-1");
      const own = environmentOf(
        manifest.workload.spec.template.spec.containers[0]!,
        manifest.parts,
        "random-1",
      );
      expect([...seen].sort()).to.deep.equal([...own].sort());
    }
  });

  it(`takes the Service of any recipe, read back with all its ports (TEST_SPEC_SEED=${seed})`, async () => {
    for (const [index, spec] of specs(8).entries()) {
      const ref = refOf(`service-${index}`);
      const body = serviceManifest(ref, spec, selector, "i1") as KubeService | null;
      if (body) {
        const path = objectPath("Service", namespace, engineName(ref));
        const found = await cluster.apply<KubeService>("service", path, body);
        expect(found.spec).to.deep.include({ type: body.spec.type, selector });
        const ports = ({ spec: { ports } }: KubeService) =>
          ports!.map(({ name, port, targetPort, protocol }) => ({ name, port, targetPort, protocol }));
        expect(ports(found)).to.have.deep.members(ports(body));
      }
    }
    const { items } = await cluster.list<KubeService>("services", listPath("Service", namespace));
    expect(items.length).to.be.greaterThan(0);
  });

  /** As kubectl does it. */
  async function change(name: string, fieldManager: string, body: object): Promise<void> {
    const options = setHeaderOptions("Content-Type", PatchStrategy.StrategicMergePatch);
    await apps.patchNamespacedDeployment({ namespace, name, fieldManager, body }, options);
  }
  const inApp = (fields: object) => ({
    spec: { template: { spec: { containers: [{ name: "app", ...fields }] } } },
  });

  const changes: [
    manager: string,
    what: string,
    body: object,
    told: [string, string | null, string | null][],
  ][] = [
    ["kubectl-set", "the image", inApp({ image: "nginx:1" }), [["containers.app.image", image, "nginx:1"]]],
    [
      "kubectl-set",
      "a variable",
      inApp({ env: [{ name: "A", value: "2" }] }),
      [["containers.app.env.A.value", "1", "2"]],
    ],
    [
      "kubectl-edit",
      "a variable of somebody's own",
      inApp({ env: [{ name: "TOKEN", value: "s3cr3t" }] }),
      [["containers.app.env.TOKEN.value", null, null]],
    ],
    [
      "kubectl-edit",
      "the job of the deployer",
      inApp({ env: [{ name: "REBAKE_JOB", value: "{}" }] }),
      [["containers.app.env.REBAKE_JOB.value", null, null]],
    ],
    [
      "kubectl-set",
      "the limits",
      inApp({ resources: { limits: { cpu: "1" } } }),
      [["containers.app.resources.limits.cpu", "250m", "1"]],
    ],
    [
      "kubectl-edit",
      "the working folder",
      inApp({ workingDir: "/tmp" }),
      [["containers.app.workingDir", null, "/tmp"]],
    ],
    [
      "kubectl-edit",
      "a probe",
      inApp({ readinessProbe: { periodSeconds: 77 } }),
      [["containers.app.readinessProbe.periodSeconds", "1", "77"]],
    ],
    [
      "kubectl-edit",
      "another container",
      { spec: { template: { spec: { containers: [{ name: "side", image: "x" }] } } } },
      [
        ["containers.side.image", null, "x"],
        ["containers.side.imagePullPolicy", null, "Always"],
      ],
    ],
    [
      "kubectl",
      "the number of replicas",
      { spec: { replicas: 2, paused: true } },
      [
        ["paused", null, "true"],
        ["replicas", "0", "2"],
      ],
    ],
    [
      "kubectl-rollout",
      "when it was restarted",
      { spec: { template: { metadata: { annotations: { "kubectl.kubernetes.io/restartedAt": "now" } } } } },
      [["template.metadata.annotations.kubectl.kubernetes.io/restartedAt", null, "now"]],
    ],
    ["kubectl-label", "a label of the workload", { metadata: { labels: { team: "a" } } }, []],
  ];

  for (const [manager, what, body, told] of changes) {
    it(`is told to be changed when ${manager} has set ${what}${told.length > 0 ? "" : ", which does not run"}`, async () => {
      const name = `by-hand-${changes.findIndex((one) => one[1] === what)}`;
      const ports = [{ name: "http", target: 80 }];
      const env = [{ name: "A", value: ["1"] }];
      const { read } = await put(
        name,
        specOf({ source, ports, env, resources: { memory: null, cpus: 0.25 } }),
      );
      await change(name, manager, body);
      const found = differences(await read());
      const shown = found
        .filter(({ path }) => !/terminationMessage/.test(path.join()))
        .map(({ path, before, after }) => [path.join("."), before, after]);
      expect(shown).to.deep.equal(told);
      await change(name, manager, { spec: { replicas: 0 } });
    });
  }
});
