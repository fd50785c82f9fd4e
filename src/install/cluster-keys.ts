import { readFile } from "node:fs/promises";
import type { KubernetesConnection } from "../domain/connection.js";
import { kubernetesConnection } from "../domain/kubernetes-connection.js";
import { StartError } from "../errors.js";

/** How the cluster of the installed environment is named in the configuration. */
export interface ClusterConfig {
  /** Path of a file; null: the cluster that this server runs in. */
  kubeconfig: string | null;
  /** Of the kubeconfig; null: its current one. */
  kubeContext: string | null;
  kubeNamespace: string;
}

/**
 * How the cluster of the installed environment is reached: by a kubeconfig, which is read now and kept in the database, or
 * as the one that this server runs in.
 * @param env what the process is told by its cluster, if it runs in a pod
 * @throws StartError CONFIG_INVALID
 */
export async function readClusterConnection(
  { kubeconfig: file, kubeContext: context, kubeNamespace: namespace }: ClusterConfig,
  env: Readonly<Record<string, string | undefined>> = process.env,
): Promise<KubernetesConnection> {
  if (file === null && context !== null) {
    throw wrong(
      `REBAKE_KUBE_CONTEXT is ${context}, but contexts are of a kubeconfig: set REBAKE_KUBECONFIG, too, or leave it out`,
    );
  }
  if (file === null && !env.KUBERNETES_SERVICE_HOST) {
    throw wrong(
      "REBAKE_INSTALL_DRIVER is KUBERNETES, but this server runs in no pod: set REBAKE_KUBECONFIG to the path of a kubeconfig",
    );
  }
  const way = file === null ? { inCluster: true } : { kubeconfig: await read(file), context };
  const { data, error } = kubernetesConnection.safeParse({ ...way, namespace });
  if (!data) {
    throw wrong(problemsOf(error.issues, file, namespace).join("; "));
  }
  return data;
}

async function read(file: string): Promise<string> {
  return readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    throw wrong(
      `REBAKE_KUBECONFIG is ${file}, which cannot be read (${error.code}): name a file that \`kubectl config view --raw --minify --flatten\` has printed`,
    );
  });
}

/** In the names that these fields have as variables. */
function problemsOf(
  issues: readonly { path: PropertyKey[]; message: string }[],
  file: string | null,
  namespace: string,
): string[] {
  const subjects: Record<string, string> = {
    namespace: `REBAKE_KUBE_NAMESPACE is ${namespace}, which`,
    context: "REBAKE_KUBE_CONTEXT",
  };
  return issues.map(({ path, message }) => {
    const subject = subjects[String(path[0])] ?? `REBAKE_KUBECONFIG is ${file}, which`;
    return `${subject} ${message}`;
  });
}

function wrong(problem: string): StartError {
  return new StartError("CONFIG_INVALID", `${problem}.`);
}
