import type { LiveReport } from "./live-socket.js";
import type { LoadReport } from "./load.js";
import type { OperationView } from "./operations.js";
import type { SlowRequest } from "./slow-requests.js";

/** What was seen of one service's rebuild from outside. */
export interface Witness {
  service: string;
  /** Its last state; null when there was no verdict. */
  operation: OperationView | null;
  /** Who answered before the rebuild. */
  oldGeneration: string;
  /** All slow requests. */
  slow: SlowRequest[];
  /** Those in flight when the cut-over came. */
  slowAcross: SlowRequest[];
  live: LiveReport;
  /** When requests were switched to the new one, in wall-clock ms; null when they never were. */
  cutOverAt: number | null;
  drainMs: number;
}

/** The one sentence that is judged, and whether it holds. */
export interface Finding {
  ok: boolean;
  text: string;
}

/** A WebSocket is closed by the app when the drain ends; timers and clocks are this exact. */
const drainToleranceMs = 500;
/** A WebSocket "works" as long as echoes come at least this often. */
const silenceToleranceMs = 1500;

/** Everything the demo promises, one finding each. */
export function judge(load: LoadReport, witnesses: readonly Witness[]): Finding[] {
  return [...loadFindings(load), ...witnesses.flatMap(witnessFindings)];
}

function loadFindings(load: LoadReport): Finding[] {
  const rate = `${load.sent} requests in ${load.seconds.toFixed(1)} s (${load.requestsPerSecond.toFixed(0)} a second)`;
  const silent = load.services.filter(({ sent, failed }) => sent === failed);
  return [
    { ok: load.requestsPerSecond >= 200, text: `${rate}, half of them on new connections, none tried again` },
    { ok: load.failed === 0 && silent.length === 0, text: `${load.failed} failed` },
  ];
}

function witnessFindings(witness: Witness): Finding[] {
  return [verdictFinding(witness), slowFinding(witness), liveFinding(witness)].map(({ ok, text }) => ({
    ok,
    text: `${witness.service}: ${text}`,
  }));
}

function verdictFinding({ operation }: Witness): Finding {
  const state = operation?.state ?? "no verdict";
  const cause = operation?.cause ? ` (${operation.cause.code}: ${operation.cause.message})` : "";
  return { ok: state === "SUCCEEDED", text: `rebuild ${state}${cause}` };
}

function slowFinding({ slow, slowAcross, oldGeneration }: Witness): Finding {
  const broken = slow.find(({ error }) => error !== null);
  if (broken) {
    return { ok: false, text: `slow request failed: ${broken.error}` };
  }
  if (slowAcross.length === 0) {
    return { ok: false, text: "no slow request was in flight across the cut-over" };
  }
  // One that was only on its way when the cut-over came is rightly answered by the new one.
  const byOld = slowAcross.find(({ by }) => by?.generation === oldGeneration);
  const { start, end } = byOld ?? slowAcross[0]!;
  const by = byOld ? "the old one" : "the new one";
  const took = ((end - start) / 1000).toFixed(1);
  return { ok: byOld !== undefined, text: `request of ${took} s across the cut-over answered 200 by ${by}` };
}

function liveFinding({ live, cutOverAt, drainMs }: Witness): Finding {
  if (live.code === null || live.closedAt === null) {
    return { ok: false, text: `WebSocket still open after ${live.echoes} echoes` };
  }
  const after = cutOverAt === null ? null : live.closedAt - cutOverAt;
  const when = after === null ? "" : ` ${(after / 1000).toFixed(1)} s after the cut-over`;
  const silence = Math.max(live.longestSilence, live.closedAt - (live.lastEchoAt ?? 0));
  const close = `closed with ${live.code}${live.reason === "" ? " (cut)" : ` "${live.reason}"`}`;
  const ok =
    live.code === 1001 &&
    live.reason !== "" &&
    after !== null &&
    after >= drainMs - drainToleranceMs &&
    silence <= silenceToleranceMs;
  return { ok, text: `WebSocket ${close}${when}, after ${live.echoes} echoes` };
}
