import { randomUUID } from "node:crypto";
import type { ApiClient } from "./client.js";
import { answererOf } from "./get.js";
import { type LiveSocket, openLiveSocket } from "./live-socket.js";
import type { OperationView } from "./operations.js";
import type { Witness } from "./receipt.js";
import type { Screen } from "./screen.js";
import { acrossCutOver, type SlowRequests, startSlowRequests } from "./slow-requests.js";

/** A service of the demo, as it is before the rebuild. */
export interface Subject {
  id: string;
  name: string;
  url: string;
  /** Who answers now. */
  generation: string;
  live: LiveSocket;
  /** Some are in flight at any time. */
  slow: SlowRequests;
}

const slowTakesMs = 3000;
const slowEveryMs = 1000;
/** How much longer than the drain the goodbye of a WebSocket may take. */
const goodbyeWithinMs = 5000;
const verdicts: OperationView["state"][] = [
  "SUCCEEDED",
  "UNPROVEN",
  "FAILED",
  "ROLLED_BACK",
  "CANCELLED",
  "SUPERSEDED",
];

/** Meets a running service: asks it who it is, opens a WebSocket to it and keeps it busy with slow requests. */
export async function meet(service: { id: string; name: string; url: string }): Promise<Subject> {
  const response = await fetch(service.url);
  const answerer = answererOf(await response.text());
  if (answerer === null) {
    throw new Error(`${service.name} at ${service.url} answered ${response.status}, which is not the shop.`);
  }
  const live = openLiveSocket(service.url);
  await live.ready;
  const slow = startSlowRequests({ url: service.url, takesMs: slowTakesMs, everyMs: slowEveryMs });
  return { ...service, generation: answerer.generation, live, slow };
}

/** Rebuilds one service, shows its steps live and keeps what was seen from outside. */
export async function rebuild(
  api: ApiClient,
  subject: Subject,
  drainMs: number,
  screen: Screen,
): Promise<Witness> {
  const operation = await watch(api, subject, screen);
  const cutOverAt = cutOverAtOf(operation);
  await closedWithin(subject.live, drainMs + goodbyeWithinMs, cutOverAt ?? Date.now());
  const requests = await subject.slow.stop();
  return {
    service: subject.name,
    operation,
    oldGeneration: subject.generation,
    slow: requests,
    slowAcross: cutOverAt === null ? [] : acrossCutOver(requests, cutOverAt),
    live: subject.live.report(),
    cutOverAt,
    drainMs,
  };
}

async function watch(api: ApiClient, subject: Subject, screen: Screen): Promise<OperationView | null> {
  const { operation, cursor } = await api.rebuild(subject.id, randomUUID());
  let last: OperationView | null = null;
  for await (const state of api.progress(operation.id, cursor)) {
    last = state;
    screen.progress(subject.name, state);
    if (verdicts.includes(state.state)) {
      break;
    }
  }
  return last;
}

/**
 * When requests went over from the old to the new, in wall-clock ms; null when they did not. The switch is
 * the first thing the step does: what follows in it is the drain.
 */
export function cutOverAtOf(operation: OperationView | null): number | null {
  const step = operation?.steps.find(({ name }) => name === "CUT_OVER");
  return step?.startedAt ? Date.parse(step.startedAt) : null;
}

async function closedWithin(live: LiveSocket, ms: number, since: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, Math.max(0, since + ms - Date.now()));
  });
  await Promise.race([live.closed, late]);
  clearTimeout(timer);
}
