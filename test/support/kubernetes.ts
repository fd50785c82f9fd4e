import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Cluster } from "../drivers/kubernetes/cluster.js";
import { eventually } from "./eventually.js";

/** Path of a kubeconfig for a real cluster; undefined where this machine has none. */
export const kubeconfigFile = process.env.TEST_KUBECONFIG;
const registry = process.env.TEST_REGISTRY ?? "127.0.0.1:5000";
/** Where pods reach this host. */
export const hostAddress = process.env.TEST_HOST_ADDRESS ?? "172.17.0.1";
export const imagePrefix = `${registry}/library`;

/** How long a namespace may take to go, with all that is in it, in milliseconds. */
const namespacePatience = 150_000;

export function openCluster(): Cluster {
  return new Cluster(kubeconfigFile!);
}

/** What a server needs to be told to install DASHBOARD in a namespace; writes the kubeconfig for it. */
export async function kubernetesInstall(folder: string, namespace: string): Promise<Record<string, string>> {
  const file = join(folder, "kubeconfig");
  await writeFile(file, openCluster().kubeconfig);
  await chmod(file, 0o600);
  return {
    HOST: hostAddress,
    REBAKE_INSTALL: "examples",
    REBAKE_INSTALL_DRIVER: "KUBERNETES",
    REBAKE_INSTALL_IMAGE_PREFIX: imagePrefix,
    REBAKE_KUBECONFIG: file,
    REBAKE_KUBE_NAMESPACE: namespace,
  };
}

/** Names of all that is in a namespace, but for what goes by itself, and the deployer, which the next service uses. */
export async function remainsIn(cluster: Cluster, namespace: string): Promise<string[]> {
  const things = await cluster.things(namespace, null);
  return things
    .filter(({ ending }) => !ending)
    .map(({ kind, name }) => `${kind} ${name}`)
    .filter((line) => !line.startsWith("configmap rebake-deployer-"));
}

/** Deletes namespaces with all that is in them, and waits until they are gone. */
export async function deleteNamespaces(cluster: Cluster, ...names: string[]): Promise<void> {
  await Promise.all(names.map((name) => cluster.deleteNamespace(name)));
  for (const name of names) {
    await eventually(async () => !(await cluster.hasNamespace(name)), {
      deadline: namespacePatience,
      what: `namespace ${name} is gone`,
    });
  }
}
