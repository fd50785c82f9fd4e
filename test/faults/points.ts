import { appendFileSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Driver } from "../../src/operations/driver.js";
import type { Journal } from "../../src/operations/journal.js";

type MethodsOf<T> = { [K in keyof T]: T[K] extends (...given: never[]) => unknown ? K : never }[keyof T];

/**
 * All of the port and of the journal: the compiler wants a new method to be named here. False: PROCESS, which the
 * matrix runs on, has no use for it, so that it need not be passed.
 */
export const driverMethods: Readonly<Record<MethodsOf<Driver>, boolean>> = {
  project: true,
  downtime: true,
  replace: true,
  scale: true,
  pinImage: false,
  drift: false,
  foreign: false,
  inspect: true,
  logs: true,
  remove: true,
  check: true,
  restore: true,
  onChange: true,
  close: true,
};
export const journalMethods: Readonly<Record<MethodsOf<Journal>, true>> = {
  step: true,
  intend: true,
  finish: true,
};

/** What a run must have passed, whatever else it passes. */
export const expectedPoints: readonly string[] = [
  ...Object.entries(driverMethods).flatMap(([name, used]) =>
    used ? [`driver.${name}/before`, `driver.${name}/after`] : [],
  ),
  ...Object.keys(journalMethods).flatMap((name) =>
    ["before", "in transaction", "after"].map((when) => `journal.${name}/${when}`),
  ),
  ...["claim/in transaction", "claim/after", "report.assertHeld/before", "report.assertHeld/after"],
];

/** A point without what tells the visits of one method apart, as `expectedPoints` has them. */
export const plain = (point: string): string => point.replace(/\(.*\)/, "");

/**
 * The places at which a server can be made to die, as two processes see them: the server says which it passes and dies
 * at the one that is armed; the test arms one and reads which were passed.
 */
export class Points {
  private readonly passed: string;
  private readonly armed: string;

  constructor(folder: string) {
    this.passed = join(folder, "passed");
    this.armed = join(folder, "armed");
  }

  /** In the server: does not return at the armed point. */
  pass(point: string): void {
    appendFileSync(this.passed, `${point}\n`);
    if (readIfThere(this.armed) === point) {
      rmSync(this.armed);
      process.kill(process.pid, "SIGKILL");
    }
  }

  /** In the test. */
  arm(point: string): void {
    writeFileSync(this.armed, point);
  }

  /** In the test: whether the server has not come to the armed point. */
  disarm(): boolean {
    const wasArmed = readIfThere(this.armed) !== null;
    rmSync(this.armed, { force: true });
    return wasArmed;
  }

  /** In the test: those passed since the last call, each once, in their order. */
  takePassed(): string[] {
    const lines = (readIfThere(this.passed) ?? "").split("\n").filter((line) => line !== "");
    rmSync(this.passed, { force: true });
    return [...new Set(lines)];
  }
}

function readIfThere(file: string): string | null {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") {
      return null;
    }
    throw error;
  }
}
