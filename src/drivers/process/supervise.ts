import { setTimeout as wait } from "node:timers/promises";
import type { Probe, RestartPolicy } from "../../domain/recipe-spec.js";
import type { RenderedSpec } from "../../domain/rendered-spec.js";
import { type Child, describeExit, type Exit } from "./child.js";
import { type Instance, stopGrace } from "./instance.js";
import { tryProbe } from "./probe.js";
import { becomeReady } from "./readiness.js";

/** Pause before the first restart and the longest one, in milliseconds; it doubles in between. */
const firstBackOff = 500;
const longestBackOff = 30_000;
/** An instance that was up for this long, in milliseconds, starts afresh with its back-off. */
const settledAfter = 60_000;

/**
 * Keeps one instance as its recipe wants it until the signal aborts: watches its probes, restarts it when
 * it ends. Never rejects.
 */
export async function supervise(instance: Instance, spec: RenderedSpec, signal: AbortSignal): Promise<void> {
  let attempts = 0;
  let pause = firstBackOff;
  while (!signal.aborted) {
    const { exit, message } = await oneLife(instance, spec, signal);
    if (signal.aborted) {
      return;
    }
    if (instance.child && Date.now() - instance.child.startedAt > settledAfter) {
      attempts = 0;
      pause = firstBackOff;
    }
    if (!mayRestart(spec.restart, exit, attempts)) {
      instance.move("STOPPED", message);
      return;
    }
    instance.move("BACKING_OFF", message);
    await wait(pause, null, { signal }).catch(() => undefined);
    attempts += 1;
    pause = Math.min(pause * 2, longestBackOff);
    if (!signal.aborted) {
      instance.restarts += 1;
    }
  }
}

function mayRestart(policy: RestartPolicy | null, exit: Exit | null, attempts: number): boolean {
  const { condition, maxAttempts } = policy ?? { condition: "ALWAYS", maxAttempts: null };
  const wanted = condition === "ALWAYS" || (condition === "ON_FAILURE" && exit?.code !== 0);
  return wanted && (maxAttempts === null || attempts < maxAttempts);
}

/** From the start of a process (or from now, when it runs) to its end. */
async function oneLife(
  instance: Instance,
  spec: RenderedSpec,
  signal: AbortSignal,
): Promise<{ exit: Exit | null; message: string }> {
  let unwell: string | null = null;
  const ended = new AbortController();
  const watching = AbortSignal.any([signal, ended.signal]);
  try {
    const child =
      !instance.child || (instance.child.exit && instance.state !== "RUNNING")
        ? await instance.start()
        : instance.child;
    if (signal.aborted) {
      // It was started while being stopped: stop() has not seen it.
      child.kill();
      return { exit: await child.exited, message: "stopped" };
    }
    void watch(instance, child, spec, watching, (message) => {
      unwell = message;
    });
    const exit = await Promise.race([child.exited, once(watching)]);
    // Ended by its liveness probe it has failed, however politely it went.
    return unwell
      ? { exit: null, message: unwell }
      : { exit, message: exit ? `ended with ${describeExit(exit)}` : "stopped" };
  } catch (error) {
    return { exit: null, message: (error as Error).message };
  } finally {
    ended.abort();
  }
}

function once(signal: AbortSignal): Promise<null> {
  return new Promise((resolve) => {
    if (signal.aborted) {
      resolve(null);
    }
    signal.addEventListener("abort", () => resolve(null), { once: true });
  });
}

async function watch(
  instance: Instance,
  child: Child,
  spec: RenderedSpec,
  signal: AbortSignal,
  unwell: (message: string) => void,
): Promise<void> {
  const liveness = spec.liveness && watchLiveness(instance, child, spec.liveness, signal, unwell);
  const readiness = (async () => {
    if (!instance.everReady) {
      await becomeReady(instance, child, spec, 0, signal);
    }
    if (spec.readiness) {
      await watchReadiness(instance, spec.readiness, signal);
    }
  })();
  await Promise.allSettled([liveness, readiness]);
}

/** Takes an instance out of the set that gets requests while its probe fails. */
async function watchReadiness(instance: Instance, probe: Probe, signal: AbortSignal): Promise<void> {
  let failed = 0;
  let passed = 0;
  for (;;) {
    await wait(probe.period * 1000, null, { signal });
    const result = await tryProbe(probe, instance);
    signal.throwIfAborted();
    failed = result.ok ? 0 : failed + 1;
    passed = result.ok ? passed + 1 : 0;
    if (instance.ready && !result.ok && failed >= probe.failureThreshold) {
      instance.ready = false;
      instance.move("RUNNING", `not ready: ${result.message}`);
    } else if (!instance.ready && passed >= probe.successThreshold) {
      instance.markReady(null);
    }
  }
}

async function watchLiveness(
  instance: Instance,
  child: Child,
  probe: Probe,
  signal: AbortSignal,
  unwell: (message: string) => void,
): Promise<void> {
  await wait(probe.initialDelay * 1000, null, { signal });
  let failed = 0;
  for (;;) {
    await wait(probe.period * 1000, null, { signal });
    const result = await tryProbe(probe, instance);
    signal.throwIfAborted();
    failed = result.ok ? 0 : failed + 1;
    if (!result.ok && failed >= probe.failureThreshold) {
      unwell(`liveness probe failed: ${result.message}`);
      instance.ready = false;
      await child.stop(stopGrace);
      return;
    }
  }
}
