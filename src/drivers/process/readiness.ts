import { setTimeout as wait } from "node:timers/promises";
import type { RenderedSpec } from "../../domain/rendered-spec.js";
import { OperationFailure } from "../../errors.js";
import { type Child, describeExit } from "./child.js";
import type { Instance } from "./instance.js";
import { type ProbeResult, tryProbe, tryTcp } from "./probe.js";

/** Pauses between looks at an instance that is not ready yet, in milliseconds. */
const shortestPause = 10;
const longestPause = 100;

/**
 * Resolves when the instance's process is ready: its readiness probe passes as often as it must; without
 * one, its first port accepts connections (if it has any) and it then stays up for `hold` seconds. Rejects
 * with APP_EXITED when it ends first, and with the signal's reason.
 */
export async function becomeReady(
  instance: Instance,
  child: Child,
  spec: RenderedSpec,
  hold: number,
  signal: AbortSignal,
): Promise<void> {
  const stop = new AbortController();
  const both = AbortSignal.any([signal, stop.signal]);
  const exited = child.exited.then((exit) => {
    throw appExited(instance.number, exit);
  });
  const aborted = new Promise<never>((_, reject) => {
    both.addEventListener("abort", () => reject(both.reason), { once: true });
  });
  aborted.catch(() => undefined);
  try {
    signal.throwIfAborted();
    const host = await Promise.race([untilReady(instance, spec, hold, both), exited, aborted]);
    instance.markReady(host);
  } finally {
    stop.abort();
  }
}

async function untilReady(
  instance: Instance,
  spec: RenderedSpec,
  hold: number,
  signal: AbortSignal,
): Promise<string | null> {
  const { readiness } = spec;
  if (readiness) {
    await wait(readiness.initialDelay * 1000, null, { signal });
  }
  const needed = readiness?.successThreshold ?? 1;
  const began = Date.now();
  let host: string | null = null;
  for (let passed = 0; passed < needed; ) {
    const result = await look(instance, spec);
    signal.throwIfAborted();
    instance.lastProbe = result;
    passed = result.ok ? passed + 1 : 0;
    host = result.ok ? result.host : host;
    if (passed < needed) {
      const close = passed === 0 && !readiness?.exec;
      await wait(close ? pauseAfter(Date.now() - began) : longestPause, null, { signal });
    }
  }
  if (!readiness) {
    await wait(hold * 1000, null, { signal });
  }
  return host;
}

/** A tenth of the time waited so far: what is ready early is seen early, and nobody is pestered for long. */
function pauseAfter(waited: number): number {
  return Math.min(Math.max(waited / 10, shortestPause), longestPause);
}

async function tryFirstPort(instance: Instance): Promise<ProbeResult> {
  const port = [...instance.ports.values()][0];
  return port === undefined ? { ok: true, host: null } : tryTcp(port, 5);
}

/** A command says nothing about the port that requests will go to: that has to accept connections too. */
async function look(instance: Instance, { readiness }: RenderedSpec): Promise<ProbeResult> {
  const probed = readiness ? await tryProbe(readiness, instance) : null;
  return probed && (!probed.ok || probed.host !== null) ? probed : tryFirstPort(instance);
}

/** Why an instance was not ready in time, from the last that was seen of it. */
export function notReady(instance: Instance, deadline: number, lastLines: string[]): OperationFailure {
  const probe = instance.lastProbe;
  const who = `Instance ${instance.number}`;
  if (probe && !probe.ok && !probe.listening) {
    const port = [...instance.ports.values()][0];
    const message = `${who} runs but does not listen on $REBAKE_PORT (${port}) after ${deadline} s: make the app listen on that port.`;
    return new OperationFailure("NOT_LISTENING", message, { lastLines });
  }
  if (probe && !probe.ok) {
    const message = `${who} was not ready after ${deadline} s: ${probe.message.replace(/\.$/, "")}.`;
    return new OperationFailure("PROBE_FAILED", message, { lastLines });
  }
  const message = `${who} was not proven ready within ${deadline} s: allow more time in rollout.deadline.`;
  return new OperationFailure("DEADLINE_EXCEEDED", message, { lastLines });
}

export function appExited(
  instance: number,
  exit: { code: number | null; signal: NodeJS.Signals | null; lastLines: string[] },
): OperationFailure {
  const message = `Instance ${instance} ended with ${describeExit(exit)}; see its last lines.`;
  return new OperationFailure("APP_EXITED", message, { exitCode: exit.code, lastLines: exit.lastLines });
}
