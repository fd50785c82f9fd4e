import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chmod } from "node:fs/promises";
import { promisify } from "node:util";
import {
  CoreV1Api,
  KubeConfig,
  KubernetesObjectApi,
  RbacAuthorizationV1Api,
  type V1Deployment,
} from "@kubernetes/client-node";
import { expect } from "chai";
import type { Cluster } from "../drivers/kubernetes/cluster.js";
import { deployManifests } from "../support/deploy-manifests.js";
import { eventually } from "../support/eventually.js";
import { Forwarding } from "../support/forward.js";
import {
  deleteNamespaces,
  hostAddress,
  imagePrefix,
  kubeconfigFile,
  openCluster,
  remainsIn,
} from "../support/kubernetes.js";
import { openApiToPods } from "../support/pods-way-to-api.js";
import { swarmHost } from "../support/swarm.js";
import { tempFolder } from "../support/temp-folder.js";

const image = "rebake-test-kubernetes";
const name = `rebake-test-${randomBytes(4).toString("hex")}`;
const [system, apps] = [`${name}-system`, `${name}-apps`];
const run = promisify(execFile);

describe("the manifests that run Rebake in a cluster", function () {
  this.timeout(900_000);
  // Registered first, to run before its folder goes.
  after("take it down", async () => {
    if (!cluster) {
      return;
    }
    await deleteNamespaces(cluster, system, apps);
    await core.deletePersistentVolume({ name });
    await rights.deleteClusterRoleBinding({ name: `${name}-cluster` });
    for (const role of ["cluster", "environment"]) {
      await rights.deleteClusterRole({ name: `${name}-${role}` });
    }
    await Promise.all(forwardings.map((one) => one.close()));
    await inHome("rm", "-rf", "/volume/home");
  });
  const folder = tempFolder();
  let cluster: Cluster | null = null;
  let core: CoreV1Api;
  let rights: RbacAuthorizationV1Api;
  let url: string;
  let token: string;
  let environmentId: string;
  const forwardings: Forwarding[] = [];

  before("build the image and apply", async function () {
    if (!(kubeconfigFile && swarmHost)) {
      this.skip();
    }
    await docker("build", "--quiet", "--tag", image, ".");
    cluster = openCluster();
    const config = new KubeConfig();
    config.loadFromString(cluster.kubeconfig);
    [core, rights] = [config.makeApiClient(CoreV1Api), config.makeApiClient(RbacAuthorizationV1Api)];
    const api = await openApiToPods(core, config.getCurrentCluster()!.server);
    forwardings.push(...(api ? [api] : []));
    await chmod(folder.path, 0o777);
    await core.createPersistentVolume({ body: volume() });
    const objects = KubernetesObjectApi.makeApiClient(config);
    for (const manifest of renamed().filter(({ kind }) => kind !== "Deployment")) {
      await objects.create(manifest);
    }
    const key = randomBytes(32).toString("base64");
    await core.createNamespacedSecret({
      namespace: system,
      body: { metadata: { name: "rebake" }, stringData: { REBAKE_SECRET_KEY: key } },
    });
    const { spec } = await core.readNamespacedService({ namespace: system, name: "rebake" });
    url = `http://${spec!.clusterIP}:4000`;
    // Not every network lets a pod reach itself by its Service, as a server does that looks up its own repository.
    const way = await Forwarding.open({ host: hostAddress, port: 0 }, { host: spec!.clusterIP!, port: 4000 });
    forwardings.push(way);
    await objects.create(deployment(`http://${hostAddress}:${way.port}`));
  });

  const docker = async (...args: string[]) =>
    (
      await run("docker", args, { env: { ...process.env, DOCKER_HOST: swarmHost }, maxBuffer: 64 << 20 })
    ).stdout.trim();
  /** What the server writes there is nobody else's. */
  const inHome = (program: string, ...args: string[]) =>
    docker(
      ...["run", "--rm", "--user", "0", "--volume", `${folder.path}:/volume`, "--entrypoint", program],
      ...[image, ...args],
    );

  /** As they are, under names of this run, so that another Rebake may live in the same cluster. */
  function renamed() {
    const manifests = JSON.stringify(deployManifests())
      .replaceAll('"rebake-system"', `"${system}"`)
      .replaceAll('"namespace":"rebake"', `"namespace":"${apps}"`)
      .replaceAll('"rebake-environment"', `"${name}-environment"`)
      .replaceAll('"rebake-cluster"', `"${name}-cluster"`);
    return (JSON.parse(manifests) as ReturnType<typeof deployManifests>).map((one) =>
      one.kind === "Namespace" && one.metadata!.name === "rebake"
        ? { ...one, metadata: { ...one.metadata, name: apps } }
        : one,
    );
  }

  /** With what a reader would set, too. */
  function deployment(advertised: string): V1Deployment {
    const made = renamed().find(({ kind }) => kind === "Deployment") as V1Deployment;
    const container = made.spec!.template.spec!.containers[0]!;
    const given: Record<string, string> = {
      REBAKE_INSTALL: "examples",
      REBAKE_INSTALL_IMAGE_PREFIX: imagePrefix,
      REBAKE_KUBE_NAMESPACE: apps,
      REBAKE_ADVERTISE_URL: advertised,
    };
    const others = container.env!.filter((variable) => !(variable.name in given));
    container.env = [...others, ...Object.entries(given).map(([key, value]) => ({ name: key, value }))];
    container.image = image;
    return made;
  }

  /** A folder of the node that the claim of the server gets. */
  function volume() {
    return {
      metadata: { name },
      spec: {
        accessModes: ["ReadWriteOnce"],
        capacity: { storage: "5Gi" },
        claimRef: { namespace: system, name: "rebake" },
        persistentVolumeReclaimPolicy: "Retain",
        hostPath: { path: folder.path, type: "Directory" },
      },
    };
  }

  /** A kept connection would lead to the pod that was there before. */
  const fresh = { connection: "close" };
  const server = async () =>
    (await core.listNamespacedPod({ namespace: system })).items.find(
      ({ metadata, status }) =>
        !metadata!.deletionTimestamp &&
        status?.conditions?.some(({ type, status: is }) => type === "Ready" && is === "True"),
    );
  const ready = () =>
    eventually(
      async () => {
        const pod = await server();
        return pod && (await fetch(`${url}/readyz`, { headers: fresh })).status === 200 && pod;
      },
      { deadline: 180_000, what: "the server is ready" },
    );
  async function graphql(query: string, variables: object = {}): Promise<any> {
    const response = await fetch(`${url}/graphql`, {
      method: "POST",
      headers: { ...fresh, authorization: `Bearer ${token}`, "content-type": "application/json" },
      body: JSON.stringify({ query, variables }),
    });
    const { data, errors } = (await response.json()) as { data: unknown; errors?: { message: string }[] };
    expect(errors).to.equal(undefined);
    return data;
  }
  const ended = (id: string) =>
    eventually(
      async () => {
        const { node } = await graphql(
          "query ($id: ID!) { node(id: $id) { ... on Operation { state cause { code message lastLines } } } }",
          { id },
        );
        return !["QUEUED", "RUNNING"].includes(node.state) && node;
      },
      { deadline: 240_000 },
    );

  it("is ready, and answers with the token of its home", async () => {
    await ready();
    token = await inHome("cat", "/volume/home/admin-token");
    expect(token).to.match(/^rbk_/);
  });

  it("is nobody of importance, and takes its key from the Secret", async () => {
    const filters = [`io.kubernetes.pod.namespace=${system}`, "io.kubernetes.container.name=rebake"];
    const labels = filters.flatMap((label) => ["--filter", `label=${label}`]);
    const id = await docker("ps", "--quiet", ...labels);
    expect(await docker("exec", id, "id", "-u")).to.equal("10001");
    expect(await inHome("ls", "/volume/home"))
      .to.include("postgres")
      .and.not.to.include("secret.key");
  });

  it("manages the cluster that it runs in, with the role that it has and no other", async () => {
    const { environment } = await graphql(
      `{ environment(code: "DASHBOARD") {
           id driver engine { host namespace } health { reachable error limitations nodes }
         } }`,
    );
    environmentId = environment.id;
    expect(environment).to.deep.include({
      driver: "KUBERNETES",
      engine: { host: "in-cluster", namespace: apps },
    });
    expect(environment.health).to.deep.include({ reachable: true, error: null });
    expect(environment.health.nodes).to.be.greaterThan(0);
    expect(environment.health.limitations.join()).not.to.match(/user may not/);
  });

  it("deploys services there, whose code pods fetch from it, and removes them", async () => {
    const { services } = await graphql(
      "{ services { edges { node { id name operations(last: 1) { edges { node { id } } } } } } }",
    );
    const nodes: any[] = services.edges.map(({ node }: any) => node);
    // Of the gateway's port there is one on a cluster: it is whoever's came first.
    for (const { name: service, operations } of nodes.filter((node) => node.name !== "gateway")) {
      const { state, cause } = await ended(operations.edges[0].node.id);
      expect(state, `${service}: ${JSON.stringify(cause)}`).to.equal("SUCCEEDED");
    }
    const { service } = await graphql(
      '{ service(environment: "DASHBOARD", name: "catalog") { state ports { address } } }',
    );
    expect(service.state).to.equal("RUNNING");
    const answer = (await (await fetch(`http://${service.ports[0].address}/`)).json()) as { service: string };
    expect(answer.service).to.equal("catalog");
    for (const { id, operations } of nodes) {
      await ended(operations.edges[0].node.id);
      const { removeService } = await graphql(
        "mutation ($id: ID!) { removeService(input: { service: $id }) { operation { id } errors { message } } }",
        { id },
      );
      expect((await ended(removeService.operation.id)).state).to.equal("SUCCEEDED");
    }
    await eventually(async () => {
      expect(await remainsIn(cluster!, apps)).to.deep.equal([]);
      return true;
    });
  });

  it("goes on with the same home when its pod is another one", async () => {
    const { metadata } = await ready();
    await core.deleteNamespacedPod({ namespace: system, name: metadata!.name! });
    const another = async () => {
      const pod = await server();
      return pod && pod.metadata!.uid !== metadata!.uid;
    };
    await eventually(another, { deadline: 180_000 });
    // A busy node learns a moment later that the old one is gone.
    const { environment } = await eventually(() => graphql('{ environment(code: "DASHBOARD") { id } }'), {
      deadline: 60_000,
    });
    expect(environment.id).to.equal(environmentId);
  });
});
