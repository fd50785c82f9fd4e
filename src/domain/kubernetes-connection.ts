import { z } from "zod";
import { clusterAddress, isHttps } from "./cluster-address.js";
import type { Engine, KubernetesConnection } from "./connection.js";
import { minifiedKubeconfig, serverOf } from "./kubeconfig.js";
import { bearerToken } from "./kubeconfig-parts.js";
import { readCertificates } from "./pem.js";
import { dnsLabel, plainText } from "./recipe-spec.js";

const namespace = dnsLabel().refine(
  (name) => !["kube-system", "kube-public", "kube-node-lease"].includes(name),
  "must not be a namespace of Kubernetes itself: choose one for the services of this environment",
);
const ca = plainText(65_536).refine(
  (pem) => readCertificates(pem) !== null,
  "must be one certificate or several, in PEM",
);

/** As somebody gives it: complete, whatever was known before. No message repeats any of it. */
export const kubernetesConnection = z
  .object({
    kubeconfig: plainText(131_072).nullable().default(null),
    context: plainText(1_024).nullable().default(null),
    inCluster: z
      .boolean()
      .nullish()
      .transform((given) => given ?? false),
    server: clusterAddress.nullable().default(null),
    token: bearerToken.nullable().default(null),
    ca: ca.nullable().default(null),
    namespace,
  })
  .transform((given, context): KubernetesConnection => {
    const minified = given.kubeconfig === null ? null : minifiedKubeconfig(given.kubeconfig, given.context);
    const problems = problemsOfWays(given);
    if (problems.length === 0 && minified && "problems" in minified) {
      problems.push(...minified.problems);
    }
    for (const [field, message] of problems) {
      context.addIssue({ code: "custom", path: field === null ? [] : [field], message });
    }
    return minified && "kubeconfig" in minified ? { ...given, ...minified } : given;
  });

/** What may be shown of it. */
export function clusterOf({ kubeconfig, server, namespace }: KubernetesConnection): Engine {
  const host = kubeconfig === null ? server : serverOf(kubeconfig);
  return { host: host ?? "in-cluster", tls: host === null || isHttps(host), namespace };
}

type Field = Exclude<keyof KubernetesConnection, "namespace">;
type Problem = [field: Field | null, message: string];

/** The fields of each way to a cluster. */
const ways: readonly (readonly Field[])[] = [
  ["kubeconfig", "context"],
  ["inCluster"],
  ["server", "token", "ca"],
];

function problemsOfWays(given: KubernetesConnection): Problem[] {
  const isGiven = (field: Field) => given[field] !== null && given[field] !== false;
  const [way, ...others] = ways.filter((fields) => fields.some(isGiven));
  if (!way) {
    return [
      [null, "must say how the cluster is reached: give a kubeconfig, or server and token, or inCluster"],
    ];
  }
  const beside = others.flat().filter(isGiven);
  if (beside.length > 0) {
    const one = way.find(isGiven);
    return beside.map((field) => [field, `is another way to the cluster than ${one}: give one of them`]);
  }
  return problemsOfWay(given);
}

function problemsOfWay({ kubeconfig, context, server, token, ca }: KubernetesConnection): Problem[] {
  const problems: [...Problem, is: boolean][] = [
    ["kubeconfig", "is missing: the context is one of a kubeconfig", context !== null && kubeconfig === null],
    [
      "server",
      "is missing: give server and token together",
      server === null && (token !== null || ca !== null),
    ],
    ["token", "is missing: give server and token together", server !== null && token === null],
    [
      "ca",
      "is for https:// only: leave it out, or give an https:// server",
      ca !== null && server !== null && !isHttps(server),
    ],
  ];
  return problems.flatMap(([field, message, is]): Problem[] => (is ? [[field, message]] : []));
}
