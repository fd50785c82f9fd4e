import type { Request, Response } from "express";

/** Whether one part works: resolves when it does; what it rejects with says why not. */
export type ReadinessCheck = () => Promise<unknown>;

const patience = 2_000;

/** Answers 200 as long as the process can answer at all. */
export function alive(_request: Request, response: Response): void {
  response.json({ status: "alive" });
}

/** Answers 200 when every part works, else 503; says which do and which do not, and nothing else. */
export function readiness(checks: Readonly<Record<string, ReadinessCheck>>) {
  return async (_request: Request, response: Response): Promise<void> => {
    const names = Object.keys(checks);
    const works = await Promise.all(names.map((name) => inTime(checks[name]!)));
    const ready = works.every(Boolean);
    const parts = Object.fromEntries(names.map((name, index) => [name, works[index] ? "ok" : "failing"]));
    response.status(ready ? 200 : 503).json({ status: ready ? "ready" : "not ready", checks: parts });
  };
}

async function inTime(check: ReadinessCheck): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), patience);
  });
  const works = Promise.resolve()
    .then(check)
    .then(
      () => true,
      () => false,
    );
  const answer = await Promise.race([works, late]);
  clearTimeout(timer);
  return answer;
}
