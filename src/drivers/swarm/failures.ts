import type { RenderedSpec } from "../../domain/rendered-spec.js";
import { type CauseCode, OperationFailure } from "../../errors.js";
import type { EngineRefusal } from "../engine/answers.js";
import type { TaskReports } from "../engine/task-reports.js";
import type { EngineTask } from "./engine-types.js";

/** What is known of a task that failed, besides itself. */
export interface Evidence {
  reports: TaskReports;
  number: number;
  /** What its container said of its end; null when it is on another node. */
  container: { oomKilled: boolean; unhealthy: boolean; lastProbe: string | null } | null;
  spec: RenderedSpec;
  image: string;
}

/** What the engine says, and what it means. The first that fits counts. */
const sayings: readonly { pattern: RegExp; code: CauseCode; what: (found: Found) => string }[] = [
  {
    pattern:
      /No such image|manifest (for .* )?(unknown|not found)|pull access denied|repository does not exist/i,
    code: "IMAGE_NOT_FOUND",
    what: ({ image }) =>
      `the image ${image} is not there, or may not be had: check its name, tag and credential`,
  },
  {
    pattern:
      /executable file not found|no such file or directory|exec format error|permission denied: unknown/i,
    code: "COMMAND_NOT_FOUND",
    what: ({ image, spec, err }) =>
      spec.source && /"?node"?/.test(err)
        ? `the image ${image} has no node: a recipe with a source needs an image with node, npm and git`
        : `its command cannot be executed in the image ${image}`,
  },
  {
    pattern: /address already in use|port is already allocated|host-mode port already in use/i,
    code: "PORT_TAKEN",
    what: () => "a port that it publishes is taken on that node: publish another one, or free it",
  },
  {
    pattern: /no suitable node/i,
    code: "NO_SUITABLE_NODE",
    what: () => "no node of the swarm fits: look at the recipe's placement and resources, and at the nodes",
  },
  {
    pattern: /no space left on device/i,
    code: "DISK_FULL",
    what: () => "the disk of its node is full",
  },
];
interface Found {
  err: string;
  image: string;
  spec: RenderedSpec;
}

/** Why a task failed. */
export function causeOf(task: EngineTask, evidence: Evidence): OperationFailure {
  const { reports, number, container, spec, image } = evidence;
  const lastLines = reports.lastLines(task.ID);
  const reported = reports.failureOf(task.ID)?.cause;
  if (reported) {
    return new OperationFailure(reported.code, `Instance ${number}: ${reported.message}`, reported);
  }
  const err = task.Status.Err || task.Status.Message || "";
  const exitCode = task.Status.ContainerStatus?.ExitCode ?? null;
  const killed = exitCode === 137 && spec.resources?.memory != null && !/unhealthy/.test(err);
  if (container?.oomKilled || (killed && container === null)) {
    const limit = spec.resources?.memory;
    const message = `Instance ${number} was killed for its memory${limit ? ` (limit ${limit} bytes)` : ""}: allow it more in resources.memory, or have it use less.`;
    return new OperationFailure("OUT_OF_MEMORY", message, { exitCode, lastLines });
  }
  // An app that ends well when it is told to says nothing of why it was: its container does.
  if (/unhealthy/i.test(err) || container?.unhealthy) {
    return probeFailed("was ended by the engine:", evidence, { exitCode, lastLines });
  }
  const said = sayings.find(({ pattern }) => pattern.test(err));
  if (said) {
    const what = said.what({ err, image, spec });
    return new OperationFailure(said.code, `Instance ${number}: ${what} (${trimmed(err)}).`, {
      exitCode,
      lastLines,
    });
  }
  if (exitCode === null || task.Status.State === "rejected") {
    const message = `The engine could not start instance ${number}: ${trimmed(err)}.`;
    return new OperationFailure("ENGINE_REFUSED", message, { exitCode, lastLines });
  }
  const message = `Instance ${number} ended with exit code ${exitCode}; see its last lines.`;
  return new OperationFailure("APP_EXITED", message, { exitCode, lastLines });
}

/** Why the new ones were not ready in time, from the one that is furthest behind. */
export function notReady(
  task: EngineTask | undefined,
  deadline: number,
  evidence: Evidence,
): OperationFailure {
  const { reports, number, spec } = evidence;
  const lastLines = task ? reports.lastLines(task.ID) : [];
  const preparing = task && spec.source !== null && !reports.isPast(task.ID, "INSTALL");
  if (!task || preparing) {
    const step =
      task && reports.isPast(task.ID, "FETCH_SOURCE") ? "Installing the dependencies" : "Fetching the source";
    const what =
      task?.Status.State === "starting"
        ? step
        : `Starting instance ${number} (${task?.Status.State ?? "new"})`;
    const message = `${what} took longer than ${deadline} s: allow more time in rollout.deadline.`;
    return new OperationFailure("DEADLINE_EXCEEDED", message, { lastLines });
  }
  return probeFailed(`was not ready after ${deadline} s:`, evidence, { lastLines });
}

/** @param what happened to it, before the reason */
function probeFailed(
  what: string,
  { number, container, spec }: Evidence,
  facts: { exitCode?: number | null; lastLines: string[] },
): OperationFailure {
  const probe = container?.lastProbe ?? null;
  if (probe && /nothing listens|ECONNREFUSED|[Cc]onnection refused|Failed to connect/.test(probe)) {
    const port = spec.ports.find(({ protocol }) => protocol === "TCP")?.target;
    const message = `Instance ${number} ${what} it does not listen on $REBAKE_PORT (${port}): make the app listen on that port.`;
    return new OperationFailure("NOT_LISTENING", message, facts);
  }
  const message = `Instance ${number} ${what} its readiness probe did not pass${probe ? ` (${trimmed(probe)})` : ""}.`;
  return new OperationFailure("PROBE_FAILED", message, facts);
}

/** Why the engine did not take a service. */
export function refused({ message }: EngineRefusal): OperationFailure {
  const code: CauseCode = /port .*(already in use|in use by service)/i.test(message)
    ? "PORT_TAKEN"
    : "ENGINE_REFUSED";
  const what =
    code === "PORT_TAKEN" ? "A port that the service publishes is taken" : "The engine refused the service";
  return new OperationFailure(code, `${what}: ${trimmed(message)}.`);
}

function trimmed(text: string): string {
  return text
    .replace(/^(rpc error: code = \w+ desc = |task: )/, "")
    .replaceAll(/\s+/g, " ")
    .replace(/[.\s]+$/, "")
    .slice(0, 500);
}
