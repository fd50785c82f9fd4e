import { appendFileSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Driver, stepNames } from "../../src/operations/driver.js";
import type { Journal } from "../../src/operations/journal.js";

type MethodsOf<T> = { [K in keyof T]: T[K] extends (...given: never[]) => unknown ? K : never }[keyof T];

/** All of the port and of the journal: the compiler wants a new method to be named here. */
export const driverMethods: Readonly<Record<MethodsOf<Driver>, true>> = {
  project: true,
  downtime: true,
  replace: true,
  scale: true,
  pinImage: true,
  drift: true,
  foreign: true,
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
  undo: true,
  finish: true,
};

/** What a run need not pass: services without images, on an engine that nobody else uses, and no previews. */
const notNeeded: readonly string[] = ["pinImage", "drift", "foreign", "downtime"];

const around = (name: string) => [`${name}/before`, `${name}/after`];
const write = (name: string) => [`${name}/before`, `${name}/in transaction`, `${name}/after`];
const calledMethods = Object.keys(driverMethods).filter((name) => !notNeeded.includes(name));

/** What runs must pass, whatever else they pass, and where servers must have been killed. */
export const expectedPoints: readonly string[] = [
  ...calledMethods.flatMap((name) => around(`driver.${name}`)),
  ...stepNames.flatMap((step) =>
    (["RUNNING", "DONE"] as const).flatMap((state) => write(`journal.step(${step} ${state})`)),
  ),
  // What is skipped and what fails: a service without an old one, one that is cancelled or crashes.
  ...["TERMINATE_OLD SKIPPED", "READY FAILED"].flatMap((what) => write(`journal.step(${what})`)),
  ...write("journal.intend"),
  ...write("journal.finish"),
  "claim/in transaction",
  "claim/after",
  ...around("report.assertHeld"),
];

/**
 * The same where an engine rolls by itself: which steps it reports is its own affair, and what it has outlives the server,
 * so that somebody has to know why it is undone.
 */
export const expectedOnEngine: readonly string[] = [
  ...expectedPoints.filter((point) => !point.startsWith("journal.step")),
  ...write("journal.undo"),
];

/** A point without what tells the visits of one method apart. */
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
