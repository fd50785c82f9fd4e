import { CORE_SCHEMA, load, YAMLException } from "js-yaml";
import { z } from "zod";
import { type ClusterPart, type ReadPart, readCluster, readUser, type UserPart } from "./kubeconfig-parts.js";

/** What is wrong with a kubeconfig or with the context that was asked for, in words that repeat none of its values. */
export type KubeconfigProblem = [field: "kubeconfig" | "context", message: string];

const named = (part: string) =>
  z
    .array(z.object({ name: z.unknown().optional(), [part]: z.unknown().optional() }))
    .nullish()
    .transform((entries) => entries ?? []);

const kubeconfigShape = z.object({
  "current-context": z.unknown().optional(),
  contexts: named("context"),
  clusters: named("cluster"),
  users: named("user"),
});
type Kubeconfig = z.output<typeof kubeconfigShape>;

const contextShape = z.object({ cluster: z.string(), user: z.string() });

/**
 * The part of a kubeconfig that one of its contexts needs, as the text of a kubeconfig with that context alone: so that
 * no keys of other clusters are kept. Everything is in it: it neither names files nor programs. Not read by the client
 * library, which opens files that a text names while it reads it.
 * @param context by name; null: its current one
 */
export function minifiedKubeconfig(
  text: string,
  context: string | null,
): { kubeconfig: string } | { problems: KubeconfigProblem[] } {
  const read = readYaml(text);
  if ("problem" in read) {
    return { problems: [["kubeconfig", read.problem]] };
  }
  const chosen = choose(read.kubeconfig, context);
  if ("problem" in chosen) {
    return { problems: [chosen.problem] };
  }
  const cluster = readCluster(chosen.cluster);
  const user = readUser(chosen.user);
  if ("part" in cluster && "part" in user) {
    return { kubeconfig: written(chosen.name, cluster.part, user.part) };
  }
  const problems = [...problemsOf(cluster), ...problemsOf(user)];
  return { problems: problems.map((problem) => ["kubeconfig", problem]) };
}

/** The API server of a kubeconfig that `minifiedKubeconfig` made. */
export function serverOf(minified: string): string {
  return JSON.parse(minified).clusters[0].cluster.server;
}

const noKubeconfig =
  "must be the text of a kubeconfig, as `kubectl config view --raw --minify --flatten` prints it";

/** JSON's types and no others, as for kubectl: what looks like a date is text. */
function readYaml(text: string): { kubeconfig: Kubeconfig } | { problem: string } {
  try {
    const { data } = kubeconfigShape.safeParse(load(text, { schema: CORE_SCHEMA }));
    return data ? { kubeconfig: data } : { problem: noKubeconfig };
  } catch (error) {
    // Its message quotes the lines around; where it is nested too deep there is no line.
    const line = error instanceof YAMLException ? error.mark?.line : undefined;
    const where = line === undefined ? "" : `; line ${line + 1} is no valid YAML`;
    return { problem: `${noKubeconfig}${where}` };
  }
}

interface Chosen {
  name: string;
  cluster: unknown;
  user: unknown;
}

function choose(kubeconfig: Kubeconfig, asked: string | null): Chosen | { problem: KubeconfigProblem } {
  const current = kubeconfig["current-context"];
  const name = asked ?? (typeof current === "string" && current !== "" ? current : null);
  if (name === null) {
    return {
      problem: ["context", "is needed for a kubeconfig without a current-context: name one of its contexts"],
    };
  }
  const contexts = kubeconfig.contexts.filter((entry) => entry.name === name);
  if (contexts.length !== 1) {
    return {
      problem:
        asked === null
          ? ["kubeconfig", `has ${count(contexts)} of the name that its current-context says`]
          : ["context", `names ${count(contexts)} of the kubeconfig: see \`kubectl config get-contexts\``],
    };
  }
  const { data: context } = contextShape.safeParse(contexts[0]!.context);
  if (!context) {
    return { problem: ["kubeconfig", "has a context that does not name its cluster and its user"] };
  }
  const clusters = kubeconfig.clusters.filter((entry) => entry.name === context.cluster);
  const users = kubeconfig.users.filter((entry) => entry.name === context.user);
  for (const [found, what] of [
    [clusters, "cluster"],
    [users, "user"],
  ] as const) {
    if (found.length !== 1) {
      return { problem: ["kubeconfig", `has ${count(found, what)} of the name that its context says`] };
    }
  }
  return { name, cluster: clusters[0]!.cluster, user: users[0]!.user };
}

function count(found: unknown[], what = "context"): string {
  return found.length === 0 ? `no ${what}` : `more than one ${what}`;
}

function problemsOf(read: ReadPart<unknown>): string[] {
  return "problems" in read ? read.problems : [];
}

/** JSON is YAML. */
function written(context: string, cluster: ClusterPart, user: UserPart): string {
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "cluster", cluster }],
    users: [{ name: "user", user }],
    contexts: [{ name: context, context: { cluster: "cluster", user: "user" } }],
    "current-context": context,
  });
}
