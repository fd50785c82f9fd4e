import { randomBytes } from "node:crypto";
import pino from "pino";
import { newId } from "../../../src/domain/id.js";
import { createKubernetesDriver } from "../../../src/drivers/kubernetes/index.js";
import type { DriverRow } from "../row.js";
import { Cluster } from "./cluster.js";
import { KubernetesGround } from "./ground.js";

const variables = ["TEST_KUBECONFIG", "TEST_REGISTRY", "TEST_HOST_ADDRESS"] as const;
const [kubeconfigFile = "", registry = "", hostAddress = ""] = variables.map((name) => process.env[name]);

const run = randomBytes(4).toString("hex");
const environmentId = newId("environment");
/** Its services have the names of those of the first one. */
const secondEnvironmentId = `${environmentId}0`;
const namespaceOf = (environment: string) => `rebake-test-${run}-${environment.slice(-6)}`;
/** Of the range that nodes have for services. */
const firstPort = 30_000 + (process.pid % 1_383) * 2;

let opened: Cluster | null = null;
const cluster = (): Cluster => {
  opened ??= new Cluster(kubeconfigFile);
  return opened;
};

const create = () =>
  createKubernetesDriver({
    installation: `test-${run}`,
    connections: {
      environments: async () => [environmentId, secondEnvironmentId],
      of: async (environment) => ({
        kubeconfig: cluster().kubeconfig,
        context: null,
        inCluster: false,
        server: null,
        token: null,
        ca: null,
        namespace: namespaceOf(environment),
      }),
    },
    log: pino({ level: process.env.TEST_LOG ?? "silent" }),
  });

export const kubernetesRow: DriverRow = {
  name: "KUBERNETES",
  lacks: variables.filter((name) => !process.env[name]).join(" and ") || null,
  create,
  open: ({ driver }) =>
    KubernetesGround.open(cluster(), driver, {
      namespaceOf,
      environmentIds: [environmentId, secondEnvironmentId],
      others: `rebake-test-${run}-others`,
      hostAddress,
      create,
    }),
  environmentId,
  parallel: 4,
  timeout: 300_000,
  patience: { most: 60, pause: 100 },
  fields: { image: { name: "node", tag: "20-bookworm" } },
  port: {},
  probe: { period: 1, timeout: 10, failureThreshold: 10 },
  rollout: { monitor: 1, deadline: 120, drain: 5 },
  shortDeadline: 20,
  sparePorts: [firstPort, firstPort + 1],
  missingImage: {
    image: { prefix: registry, name: "nope", tag: "1", pullPolicy: "ALWAYS", credential: null },
    pinned: `${registry}/nope:1`,
    matters: true,
  },
  unapplied: {
    fields: { networks: ["back"], restart: { condition: "ON_FAILURE" } },
    ignored: ["networks", "restart"],
    left: { networks: [], restart: null },
  },
  rolls: true,
  watchesBeside: true,
  drifts: true,
  numbered: false,
  balances: "CONNECTIONS",
  crashesToBackOff: 2,
  requestsToMeetAll: 120,
  cachedInstall: /^npm ci$/,
  crashMessage: (code) => new RegExp(`exit code ${code}`),
  // A cluster that was built from a source package calls itself v0.0.0.
  version: /^Kubernetes v?\d+\.\d+/,
};
