import type { Request, Response } from "express";
import { chainOf, type DatabaseTrouble, troubleOf } from "../storage/unavailable.js";

/** Whether one part works: resolves when it does; what it rejects with says why not. */
export type ReadinessCheck = () => Promise<unknown>;

const patience = 2_000;

/** Answers 200 as long as the process can answer at all. */
export function alive(_request: Request, response: Response): void {
  response.json({ status: "alive" });
}

/**
 * Answers 200 when every part works, else 503; says which do and, where it is known, why the others do not, and nothing
 * else.
 */
export function readiness(checks: Readonly<Record<string, ReadinessCheck>>) {
  return async (_request: Request, response: Response): Promise<void> => {
    const names = Object.keys(checks);
    const states = await Promise.all(names.map((name) => inTime(checks[name]!)));
    const ready = states.every((state) => state === "ok");
    const parts = Object.fromEntries(names.map((name, index) => [name, states[index]]));
    response.status(ready ? 200 : 503).json({ status: ready ? "ready" : "not ready", checks: parts });
  };
}

/** `ok`, or in a few words what is wrong. */
async function inTime(check: ReadinessCheck): Promise<string> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<string>((resolve) => {
    timer = setTimeout(() => resolve("no answer"), patience);
  });
  const works = Promise.resolve()
    .then(check)
    .then(() => "ok", whatFails);
  const answer = await Promise.race([works, late]);
  clearTimeout(timer);
  return answer;
}

function whatFails(error: unknown): string {
  const trouble = chainOf(error).map(troubleOf).find(Boolean);
  return trouble ? words[trouble] : "failing";
}

const words: Readonly<Record<DatabaseTrouble, string>> = {
  UNREACHABLE: "unreachable",
  FULL: "disk full",
  BROKEN: "disk fails",
  BUSY: "busy",
  READ_ONLY: "read-only",
};
