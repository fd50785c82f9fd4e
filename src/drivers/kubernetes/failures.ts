import type { RenderedSpec } from "../../domain/rendered-spec.js";
import { type CauseCode, OperationFailure } from "../../errors.js";
import { EngineRefusal } from "../engine/answers.js";
import type { TaskReports } from "../engine/task-reports.js";
import type { ContainerStatus, Pod } from "./api-types.js";
import {
  condition,
  couldNotRun,
  hasBegun,
  isGoing,
  isPrepared,
  isReady,
  restartsOf,
  statusesOf,
} from "./pods.js";

/** For how long something may be wrong that often passes by itself, in milliseconds. */
export const patience = { pull: 60_000, place: 30_000, make: 60_000 };

/** Why a pod cannot become ready any more, or could not so far. */
export interface Trouble {
  pod: Pod;
  code: CauseCode;
  /** Behind `Instance 1 …`, without the full stop. */
  what: string;
  exitCode: number | null;
  /** Of which container the last words are wanted, and whether of the one before the present. */
  words: { container: string; previous: boolean } | null;
  /** For how long that may go on before it counts, in milliseconds. */
  patience: number;
}

export interface Known {
  spec: RenderedSpec;
  image: string;
  reports: TaskReports;
  /** Pods of the operation that were ready once: they may not crash any more. */
  wereReady: ReadonlySet<string>;
  /** Why the image could not be had when that was tried last, by pod: while the kubelet waits it does not say. */
  pullWords: ReadonlyMap<string, string>;
}

/** What the kubelet says of a container that it cannot start: these do not pass by themselves. */
const waitingReasons: Record<string, { code: CauseCode; what: (known: Known) => string }> = {
  InvalidImageName: {
    code: "IMAGE_NOT_FOUND",
    what: ({ image }) => `cannot have the image ${image}: that is no name of one`,
  },
  ErrImageNeverPull: {
    code: "IMAGE_NOT_FOUND",
    what: ({ image }) => `finds no image ${image} on its node, and image.pullPolicy NEVER forbids to get it`,
  },
  CreateContainerConfigError: {
    code: "ENGINE_REFUSED",
    what: () => "cannot be made: something that it refers to is not there",
  },
};

/** Why an image cannot be had, by what was said of it; answers of registries will not be others in a minute. */
const pullFailures: { said: RegExp; code: CauseCode; isDefinite: boolean }[] = [
  {
    said: /not found|manifest unknown|invalid reference|repository does not exist/i,
    code: "IMAGE_NOT_FOUND",
    isDefinite: true,
  },
  {
    said: /unauthorized|authentication required|no basic auth|denied|forbidden/i,
    code: "REGISTRY_REFUSED",
    isDefinite: true,
  },
  { said: /no such host/i, code: "REGISTRY_UNREACHABLE", isDefinite: true },
  {
    said: /connection refused|timeout|timed out|deadline exceeded|no route to host|unreachable|EOF/i,
    code: "REGISTRY_UNREACHABLE",
    isDefinite: false,
  },
];
/** What a kubelet that is busy says of a container that it will make after all. */
const passing = /failed to sync|timed out|deadline exceeded|is reserved for/i;
const notExecutable =
  /executable file not found|no such file or directory|exec format error|permission denied|not a directory/i;

/** What is wrong with a pod; null: nothing so far. */
export function troubleOf(pod: Pod, known: Known): Trouble | null {
  if (isGoing(pod)) {
    return null;
  }
  const ending = endedByNode(pod);
  if (ending) {
    return ending;
  }
  for (const status of statusesOf(pod)) {
    const trouble = waitingTrouble(pod, status, known) ?? endedTrouble(pod, status, known);
    if (trouble) {
      return trouble;
    }
  }
  const unplaced = condition(pod, "PodScheduled");
  if (unplaced?.status === "False" && unplaced.reason === "Unschedulable") {
    const what = `finds no node: look at the recipe's placement, resources and volumes, and at the nodes (${trimmed(unplaced.message ?? "")})`;
    return { ...bare(pod), code: "NO_SUITABLE_NODE", what, patience: patience.place };
  }
  return null;
}

/** That its node has ended a pod, or did not take it; null: it has not. A container's end would only be what came of it. */
export function endedByNode(pod: Pod): Trouble | null {
  const { phase, reason = "", message = "" } = pod.status ?? {};
  if (phase !== "Failed" || (isGoing(pod) && !reason)) {
    return null;
  }
  const what = `was ended by its node: ${trimmed(`${reason} ${message}`)}`;
  return { ...bare(pod), code: "ENGINE_REFUSED", what };
}

const bare = (pod: Pod) => ({ pod, exitCode: null, words: null, patience: 0 });

function waitingTrouble(pod: Pod, { state }: ContainerStatus, known: Known): Trouble | null {
  const { reason = "", message = "" } = state?.waiting ?? {};
  const said = message ? ` (${trimmed(message)})` : "";
  const makes = { ...bare(pod), patience: passing.test(message) ? patience.make : 0 };
  const definiteReason = waitingReasons[reason];
  if (definiteReason) {
    return { ...makes, code: definiteReason.code, what: `${definiteReason.what(known)}${said}` };
  }
  if (reason === "ErrImagePull" || reason === "ImagePullBackOff") {
    const why = reason === "ErrImagePull" ? message : known.pullWords.get(pod.metadata.uid);
    const failure = pullFailures.find(({ said: words }) => words.test(why ?? ""));
    const hint =
      failure?.code === "REGISTRY_UNREACHABLE"
        ? "see that its node reaches the registry"
        : "check its name, tag and credential";
    const what = `cannot have the image ${known.image}: ${hint} (${trimmed(why || message || reason)})`;
    const code = failure?.code ?? "IMAGE_NOT_FOUND";
    return { ...bare(pod), code, what, patience: failure?.isDefinite ? 0 : patience.pull };
  }
  if (reason === "CreateContainerError" || reason === "RunContainerError") {
    return { ...makes, ...notStarted(message, known) };
  }
  return null;
}

/**
 * A container may be started a second time: the app's as long as it has not served, and one before it until it has ended
 * well.
 */
function endedTrouble(pod: Pod, status: ContainerStatus, known: Known): Trouble | null {
  const { name, state, lastState, restartCount } = status;
  const isApp = (pod.status?.containerStatuses ?? []).includes(status);
  const now = state?.terminated;
  const isDone = !isApp && now?.exitCode === 0;
  const ended = now ?? lastState?.terminated;
  if (!ended || isDone) {
    return null;
  }
  const words = { container: name, previous: !now };
  const base = { pod, exitCode: ended.exitCode, words, patience: 0 };
  const reported = known.reports.failureOf(pod.metadata.uid)?.cause;
  if (reported) {
    return {
      ...base,
      code: reported.code,
      what: `: ${reported.message}`,
      exitCode: reported.exitCode ?? ended.exitCode,
    };
  }
  if (ended.reason === "OOMKilled") {
    const limit = known.spec.resources?.memory;
    const what = `was killed for its memory${limit ? ` (limit ${limit} bytes)` : ""}: allow it more in resources.memory, or have it use less`;
    return { ...base, code: "OUT_OF_MEMORY", what };
  }
  if (couldNotRun(ended.reason) || ended.reason === "ContainerStatusUnknown") {
    return { ...base, ...notStarted(ended.message ?? "", known) };
  }
  const isSecond = restartCount > (now ? 0 : 1) || state?.waiting?.reason === "CrashLoopBackOff";
  // One that has become ready since its first crash was allowed that.
  const hasServed = known.wereReady.has(pod.metadata.uid) && !isReady(pod);
  if (!isSecond && !hasServed) {
    return null;
  }
  const what = `ended with exit code ${ended.exitCode}; see its last lines`;
  return { ...base, code: "APP_EXITED", what };
}

function notStarted(message: string, { image, spec }: Known): Pick<Trouble, "code" | "what"> {
  if (!notExecutable.test(message)) {
    return { code: "ENGINE_REFUSED", what: `could not be started: ${trimmed(message)}` };
  }
  const what =
    spec.source && /"?node"?/.test(message)
      ? `: the image ${image} has no node: a recipe with a source needs an image with node, npm and git`
      : `: its command cannot be executed in the image ${image}`;
  return { code: "COMMAND_NOT_FOUND", what: `${what} (${trimmed(message)})` };
}

/** The trouble as the operation's cause. */
export function failureOf(trouble: Trouble, number: number, lastLines: string[]): OperationFailure {
  const { code, what, exitCode } = trouble;
  const separator = what.startsWith(":") ? "" : " ";
  const message = `Instance ${number}${separator}${what}`;
  return new OperationFailure(code, /[.!?]$/.test(message) ? message : `${message}.`, {
    exitCode,
    lastLines,
  });
}

/**
 * Why the new ones were not ready in time, from the one that is furthest behind.
 * @param probe what the kubelet said last of its probe
 */
export function notReady(
  pod: Pod | undefined,
  { number, probe, lastLines }: { number: number; probe: string | null; lastLines: string[] },
  { spec, reports }: Known,
): OperationFailure {
  const { deadline } = spec.rollout;
  const tooLong = (what: string) =>
    new OperationFailure(
      "DEADLINE_EXCEEDED",
      `${what} took longer than ${deadline} s: allow more time in rollout.deadline.`,
      { lastLines },
    );
  if (!pod) {
    return tooLong("Starting an instance");
  }
  if (spec.source && !isPrepared(pod)) {
    const isFetched = reports.isPast(pod.metadata.uid, "FETCH_SOURCE");
    return tooLong(isFetched ? "Installing the dependencies" : "Fetching the source");
  }
  if (!hasBegun(pod)) {
    return tooLong(`Starting instance ${number}${probe ? ` (${trimmed(probe)})` : ""}`);
  }
  const what = `Instance ${number} was not ready after ${deadline} s:`;
  if (probe && /connection refused/i.test(probe)) {
    const port = spec.ports.find(({ protocol }) => protocol === "TCP")?.target;
    const message = `${what} it does not listen on $REBAKE_PORT (${port}): make the app listen on that port, on all addresses.`;
    return new OperationFailure("NOT_LISTENING", message, { lastLines });
  }
  const times = restartsOf(pod);
  const restarts = times > 0 ? `, and it was restarted ${times === 1 ? "once" : `${times} times`}` : "";
  const answer = probe ? ` (${probeAnswer(probe, spec)})` : "";
  return new OperationFailure(
    "PROBE_FAILED",
    `${what} its readiness probe did not pass${answer}${restarts}.`,
    { lastLines },
  );
}

/** In the words that other engines have for it. */
function probeAnswer(probe: string, { readiness }: RenderedSpec): string {
  const [, status] = /statuscode: (\d+)/.exec(probe) ?? [];
  const path = readiness?.httpGet?.path;
  return status && path
    ? `GET ${path} answered ${status}`
    : trimmed(probe.replace(/^Readiness probe failed: /, ""));
}

/** Why the API server did not take what was asked of it. */
export function refused({ message, status }: EngineRefusal): OperationFailure {
  if (/provided port is already allocated/.test(message)) {
    return new OperationFailure(
      "PORT_TAKEN",
      `A port that the service publishes is taken: ${trimmed(message)}.`,
    );
  }
  // Admission forbids, too, e.g. what exceeds a quota.
  const isQuota = /exceeded quota/.test(message);
  if ((status === 401 || status === 403) && !isQuota) {
    const remedy = "grant it, or correct the environment's connection";
    return new OperationFailure(
      "ENGINE_REFUSED",
      `The cluster does not allow this to the connection's user: ${trimmed(message)}; ${remedy}.`,
    );
  }
  return new OperationFailure("ENGINE_REFUSED", `The cluster refused the service: ${trimmed(message)}.`);
}

/** What admission or a quota says when it lets no pods be made. */
export function notMade(words: string): OperationFailure {
  return new OperationFailure("ENGINE_REFUSED", `The cluster does not let pods be made: ${trimmed(words)}.`);
}

/** That no pod was made because this one, in whose place it was to come, does not go. */
export function notLeaving({ metadata, spec: { nodeName } }: Pod, { spec }: Known): OperationFailure {
  const message = `No instance was started within ${spec.rollout.deadline} s, for an old one has not ended: look at pod ${metadata.name}, and whether its node ${nodeName} is away.`;
  return new OperationFailure("DEADLINE_EXCEEDED", message);
}

/** What the API server refused as the operation's failure; what is something else as it is. */
export function inWords(error: unknown): unknown {
  return error instanceof EngineRefusal ? refused(error) : error;
}

export function trimmed(text: string): string {
  return text
    .replace(/^(rpc error: code = \w+ desc = )/, "")
    .replaceAll(/\s+/g, " ")
    .trim()
    .replace(/[.\s]+$/, "")
    .slice(0, 500);
}
