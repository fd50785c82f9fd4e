import { randomBytes } from "node:crypto";
import pino from "pino";
import { createKubernetesDriver, type KubernetesDriver } from "../../../src/drivers/kubernetes/index.js";
import type { ImageSpec, RegistryCredential } from "../../../src/operations/driver.js";
import { type AddCase, describeOnEngine, type EngineLab } from "../lab.js";
import { Cluster } from "./cluster.js";
import { Trial } from "./trial.js";

const variables = ["TEST_KUBECONFIG", "TEST_REGISTRY", "TEST_HOST_ADDRESS"] as const;
/** `registry` has `library/node:20-bookworm` and `library/nginx:1.22`; `hostAddress` is where pods reach this host. */
export const [kubeconfigFile = "", registry = "", hostAddress = ""] = variables.map(
  (name) => process.env[name],
);
const lacks = variables.filter((name) => !process.env[name]).join(" and ") || null;

/** Cases on a real cluster, several at a time, each in a namespace of its own; skipped by name where there is none. */
export function onCluster(title: string, body: (add: AddCase<Trial>, lab: Lab) => void, parallel = 4): void {
  describeOnEngine(title, { newLab: () => new Lab(), lacks, parallel, timeout: 300_000 }, body);
}

/** A cluster with an installation on it: what the cases of a file share. */
export class Lab implements EngineLab<Trial> {
  readonly run = randomBytes(4).toString("hex");
  readonly installation = `test-${this.run}`;
  /** The cluster itself, past the driver. */
  cluster!: Cluster;
  /** Images with node, npm and git, and without any of them, pinned. */
  node!: string;
  nginx!: string;

  async open(): Promise<void> {
    this.cluster = new Cluster(kubeconfigFile);
    const pin = (name: string, tag: string) => this.pin({ name: `library/${name}`, tag });
    [this.node, this.nginx] = await Promise.all([pin("node", "20-bookworm"), pin("nginx", "1.22")]);
  }

  async close(): Promise<void> {}

  /** @param namespaceOf namespace of an environment */
  newDriver(namespaceOf: (environmentId: string) => string): KubernetesDriver {
    const { kubeconfig } = this.cluster;
    const connection = { kubeconfig, context: null, inCluster: false, server: null, token: null, ca: null };
    return createKubernetesDriver({
      installation: this.installation,
      connections: {
        environments: async () => [],
        of: async (environmentId) => ({ ...connection, namespace: namespaceOf(environmentId) }),
      },
      log: pino({ level: process.env.TEST_LOG ?? "silent" }),
    });
  }

  async pin(image: Partial<ImageSpec>, credential: RegistryCredential | null = null): Promise<string> {
    const driver = this.newDriver(() => "nobody");
    const usual = { prefix: registry, name: "", tag: "latest", pullPolicy: "IF_NOT_PRESENT" as const };
    try {
      const whole = { ...usual, credential: null, ...image };
      return await driver.pinImage("any", whole, credential, new AbortController().signal);
    } finally {
      await driver.close();
    }
  }

  async during<T>(work: (trial: Trial) => T | Promise<T>): Promise<T> {
    const trial = await Trial.open(this);
    try {
      return await work(trial);
    } finally {
      await trial.close();
    }
  }
}
