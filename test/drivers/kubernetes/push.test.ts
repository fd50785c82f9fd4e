import { randomBytes } from "node:crypto";
import { KubeConfig } from "@kubernetes/client-node";
import { expect } from "chai";
import fc from "fast-check";
import type { RenderedSpec } from "../../../src/domain/rendered-spec.js";
import type { KubeService, Workload } from "../../../src/drivers/kubernetes/api-types.js";
import { Cluster } from "../../../src/drivers/kubernetes/cluster.js";
import { differences, isDrifted } from "../../../src/drivers/kubernetes/drift.js";
import { manifestOf } from "../../../src/drivers/kubernetes/manifest.js";
import { Mirror } from "../../../src/drivers/kubernetes/mirror.js";
import { labels } from "../../../src/drivers/kubernetes/names.js";
import { listPath, objectPath } from "../../../src/drivers/kubernetes/paths.js";
import { project } from "../../../src/drivers/kubernetes/project.js";
import { pushTarget, readWorkload } from "../../../src/drivers/kubernetes/push.js";
import { OperationFailure } from "../../../src/errors.js";
import type { ServiceRef, Target } from "../../../src/operations/driver.js";
import { silent } from "../../support/silent.js";
import { newRef, type SpecFields, specOf, targetOf, until } from "../bench.js";
import { environmentOf } from "./kubelet.js";
import { image, programs, renderedSpec, source } from "./spec-arbitraries.js";
import { Stage } from "./stage.js";

const file = process.env.TEST_KUBECONFIG ?? "";
const seed = Number(process.env.TEST_SPEC_SEED ?? Date.now() % 1e9);
const namespace = `rebake-test-${randomBytes(4).toString("hex")}-push`;
const held = { assertHeld: async () => undefined };

describe(`a service that is changed on a cluster${file ? "" : " (needs TEST_KUBECONFIG)"}`, function () {
  this.timeout(120_000);
  let cluster: Cluster;
  let mirror: Mirror;

  before(async function () {
    if (!file) {
      this.skip();
    }
    const config = new KubeConfig();
    config.loadFromFile(file);
    cluster = new Cluster(config);
    const body = { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } };
    await cluster.create("namespace", "/api/v1/namespaces", body);
    const nothing = () => {};
    mirror = new Mirror({ cluster, namespace, changed: nothing, allChanged: nothing, trouble: nothing });
    await mirror.ready(AbortSignal.timeout(20_000));
  });

  after(async () => {
    const closed = mirror?.close();
    await cluster?.remove("namespace", `/api/v1/namespaces/${namespace}`);
    cluster?.close();
    await closed;
  });

  /** Nothing has to run for that: Deployments without replicas. */
  async function push(ref: ServiceRef, spec: RenderedSpec) {
    const features = { daemonSurge: false };
    const context = { cluster, namespace, mirror, programs, features, log: silent };
    const commit = spec.source && "c".repeat(40);
    const secrets = new Map([["v1", "pl4in$"]]);
    const target = targetOf(ref, spec, { image, commit, secrets, replicas: 0 });
    const manifest = manifestOf(target, programs, features);
    const seen = await readWorkload(context, manifest.kind, manifest.name);
    const found: Workload = await pushTarget(context, target, manifest, seen, held);
    expect(differences(found), JSON.stringify(spec)).to.deep.equal([]);
    expect(isDrifted(found)).to.equal(false);
    const [made, wanted] = [found, { spec: manifest.workload.spec }].map(({ spec: { template } }) =>
      environmentOf(template.spec.containers[0]!, manifest.parts, "pod"),
    );
    expect([...made!].sort()).to.deep.equal([...wanted!].sort());
    return found;
  }

  const ports = [{ name: "http", target: 80 }];
  const files = (content: (string | { secret: string })[]) => [{ path: "/etc/a", content, mode: "0644" }];
  const env = (value: (string | { secret: string } | { computed: "REBAKE_INSTANCE" })[]) => [
    { name: "A", value },
    { name: "Z", value: ["z"] },
  ];
  const readiness = (way: object) => ({ httpGet: null, tcp: null, exec: null, ...way });
  const volume = (type: "BIND" | "VOLUME", source: string) => [{ type, source, target: "/data" }];
  const changes: Record<string, [before: SpecFields, after: SpecFields]> = {
    "a variable that becomes secret": [{ env: env(["1"]) }, { env: env([{ secret: "v1" }]) }],
    "a variable that has the pod's name and a secret in it": [
      { env: env(["1"]) },
      { env: env([{ computed: "REBAKE_INSTANCE" }, { secret: "v1" }]) },
    ],
    "a probe of another kind": [
      { ports, readiness: readiness({ httpGet: {} }), liveness: readiness({ tcp: {} }) },
      { ports, readiness: readiness({ exec: { command: ["x"] } }), liveness: readiness({ httpGet: {} }) },
    ],
    "a probe": [
      { ports, readiness: readiness({ httpGet: {} }), liveness: readiness({ tcp: {} }) },
      { ports },
    ],
    "the way it is updated": [{}, { rollout: { order: "STOP_FIRST" } }],
    "what a volume is": [{ volumes: volume("BIND", "/srv") }, { volumes: volume("VOLUME", "data") }],
    "a drain, which needs a wait before the end": [{ ports }, { ports, rollout: { drain: 0 } }],
    "files that become secret": [{ files: files(["1"]) }, { files: files([{ secret: "v1" }]) }],
    "a placement": [{ placement: ["a=b"] }, {}],
    "a limit": [{ resources: { memory: 1 << 26, cpus: 1 } }, { resources: { memory: 1 << 26, cpus: null } }],
    "a source": [{ image: { name: "x" }, source, ports }, { command: ["x"] }],
    ports: [{ ports }, { ports: [{ name: "http", target: 81 }] }],
  };

  for (const [index, [what, [one, other]]] of Object.entries(changes).entries()) {
    for (const [turn, specs] of [
      [one, other],
      [other, one],
    ].entries()) {
      it(`gets or loses ${what}${turn === 1 ? ", the other way round" : ""}`, async () => {
        const ref = newRef(`change-${index}-${turn}`, "env_1");
        for (const fields of specs) {
          await push(ref, project(specOf(fields)).spec);
        }
      });
    }
  }

  it("is refused where a DaemonSet is called so that is somebody else's", async () => {
    const marks = { app: "theirs" };
    const template = {
      metadata: { labels: marks },
      spec: { containers: [{ name: "a", image }], nodeSelector: { no: "where" } },
    };
    await cluster.create("daemonset", listPath("DaemonSet", namespace), {
      ...{ apiVersion: "apps/v1", kind: "DaemonSet", metadata: { name: "theirs" } },
      spec: { selector: { matchLabels: marks }, template },
    });
    await until("it is known", () => mirror.workload("DaemonSet", "theirs"));
    const refused = await push(newRef("theirs", "env_1"), specOf({ ports })).catch((error) => error);
    expect(refused.cause).to.have.property("code", "ENGINE_REFUSED");
    expect(refused.message).to.match(/has a DaemonSet theirs already, which is not this service/);
    expect(await cluster.get("service", objectPath("Service", namespace, "theirs"))).to.equal(null);
  });

  it("gets its own Service back from whoever has added to it, also where nothing says what was applied", async () => {
    const ref = newRef("mine", "env_1");
    const path = objectPath("Service", namespace, "mine");
    const marks = { "rebake/service-id": ref.serviceId };
    const theirs = (port: number, name: string) => ({ ...{ protocol: "TCP", targetPort: 80 }, port, name });
    for (const [port, name] of [
      [80, "theirs"],
      [8080, "http"],
    ] as const) {
      await cluster.remove("service", path);
      await until("it is gone", () => !mirror.service("mine"));
      await cluster.create("service", listPath("Service", namespace), {
        ...{ apiVersion: "v1", kind: "Service", metadata: { name: "mine", labels: marks } },
        spec: { selector: { ...marks, app: "theirs" }, ports: [theirs(port, name), theirs(9, "more")] },
      });
      await until("it is known", () => mirror.service("mine"));
      const { metadata } = await push(ref, specOf({ ports }));
      const { spec } = (await cluster.get<KubeService>("service", path))!;
      expect(spec.selector).to.deep.equal(marks);
      const found = spec.ports!.map((one) => [one.name, one.port, one.targetPort]);
      expect(found).to.deep.equal([["http", 80, 80]]);
      const said = JSON.parse(metadata.annotations!["rebake/applied-service"]!);
      expect(said.ports).to.deep.equal([{ name: "http", protocol: "TCP", port: 80, targetPort: 80 }]);
    }
    await push(ref, specOf({ ports: [{ name: "http", target: 81 }] }));
    const { spec } = (await cluster.get<KubeService>("service", path))!;
    expect(spec.ports!.map((one) => one.port)).to.deep.equal([81]);
  });

  it("gets another kind of address, and the first one again", async () => {
    const ref = newRef("address", "env_1");
    for (const endpointMode of ["VIP", "DNSRR", "VIP"] as const) {
      await push(ref, specOf({ ports, endpointMode }));
      const service = await cluster.get<KubeService>("service", objectPath("Service", namespace, "address"));
      expect(service!.spec.clusterIP === "None", endpointMode).to.equal(endpointMode === "DNSRR");
    }
  });

  it(`gets any recipe after any other (TEST_SPEC_SEED=${seed})`, async () => {
    const ref = newRef("any", "env_1");
    for (const spec of fc.sample(renderedSpec, { numRuns: 16, seed })) {
      await push(ref, { ...spec, mode: "REPLICATED", endpointMode: null });
    }
  });
});

describe("what is touched of a namespace when a service is pushed", () => {
  let stage: Stage;
  beforeEach(async () => {
    stage = await Stage.open();
  });
  afterEach(() => stage.close());

  const files = [{ path: "/etc/a", content: ["a"], mode: "0644" }];
  const ports = [{ name: "http", target: 80 }];
  const ofAnother = { metadata: { labels: { [labels.serviceId]: "svc_other" } } };
  const selecting = { spec: { selector: {}, template: { spec: { containers: [] } } } };
  const changes = () =>
    stage.api.asked.filter(({ what }) => /^(PATCH|POST|PUT|DELETE)/.test(what)).map(({ what }) => what);

  async function push(ref: ServiceRef, fields: SpecFields, facts: Partial<Target> = {}) {
    const context = await stage.context();
    const target = targetOf(ref, specOf({ files, ...fields }), { image, ...facts });
    const manifest = manifestOf(target, programs, context.features);
    const seen = await readWorkload(context, manifest.kind, manifest.name);
    stage.api.asked.length = 0;
    return pushTarget(context, target, manifest, seen, held);
  }

  async function expectRefused(ref: ServiceRef, fields: SpecFields, said: string) {
    const failure = await push(ref, fields).catch((error) => error);
    expect(failure).to.be.instanceOf(OperationFailure).with.nested.property("cause.code", "ENGINE_REFUSED");
    expect(failure.message).to.include(said);
    expect(changes()).to.deep.equal([]);
  }

  for (const mode of ["REPLICATED", "GLOBAL"] as const) {
    for (const there of ["deployments", "daemonsets"] as const) {
      it(`is nothing when somebody has one of the ${there} of its name (${mode})`, async () => {
        stage.api.put(there, "shop", selecting);
        await expectRefused(newRef("shop"), { mode }, "shop already, which is not this service");
      });
    }
  }

  it("is nothing when another environment has a service or a Service of its name", async () => {
    stage.api.put("deployments", "shop", { ...selecting, ...ofAnother });
    await expectRefused(newRef("shop"), {}, "shop already, which is not this service");
    stage.api.put("services", "web", ofAnother);
    await expectRefused(newRef("web"), { ports }, "has a Service web already");
  });

  it("is what it is made of, and its workload is asked for once", async () => {
    const { metadata } = await push(newRef("shop"), {});
    expect(metadata.name).to.equal("shop");
    const path = "/apis/apps/v1/namespaces/shop";
    expect(stage.api.queriesOf(`GET ${path}/deployments/shop`)).to.have.length(1);
    expect(stage.api.queriesOf(`GET ${path}/daemonsets/shop`)).to.have.length(0);
    expect(changes().map((what) => what.replace(/-[^-]+$/, ""))).to.deep.equal([
      "PATCH /api/v1/namespaces/shop/configmaps/shop-files",
      `POST ${path}/deployments`,
    ]);
  });

  it("is what was adopted, beside what somebody has of its name", async () => {
    stage.api.put("deployments", "agent", selecting);
    stage.api.put("daemonsets", "agent", selecting);
    stage.api.put("services", "agent");
    await push({ ...newRef("agent"), adopted: "daemonset/agent" }, { mode: "GLOBAL", ports });
    expect(changes().filter((what) => !what.includes("configmaps"))).to.deep.equal([
      "PATCH /apis/apps/v1/namespaces/shop/daemonsets/agent",
    ]);
  });

  it("is a service that runs already, though somebody has made another of its name since", async () => {
    const ref = newRef("shop");
    stage.api.put("deployments", "shop", {
      ...selecting,
      metadata: { labels: { [labels.serviceId]: ref.serviceId } },
    });
    stage.api.put("daemonsets", "shop", selecting);
    await push(ref, {});
    expect(changes()).to.include("PATCH /apis/apps/v1/namespaces/shop/deployments/shop");
  });

  it("bears its id, also where its name begins as that of the deployer which all share", async () => {
    const ref = newRef("rebake-docs");
    const gitCredential = { username: "u", password: "p" };
    await push(ref, { source }, { gitCredential, commit: "c".repeat(40) });
    const bodies = stage.api.asked.filter(({ what }) => /^PATCH .*\/(configmaps|secrets)\//.test(what));
    const owners = bodies.map(({ body }) => [
      body!.metadata!.name.replace(/-[^-]+$/, ""),
      body!.metadata!.labels?.[labels.serviceId],
    ]);
    expect(owners).to.have.deep.members([
      ["rebake-docs-files", ref.serviceId],
      ["rebake-docs-git", ref.serviceId],
      ["rebake-deployer", undefined],
    ]);
  });
});
