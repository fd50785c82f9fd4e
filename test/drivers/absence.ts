import { expect } from "chai";
import type { StepProgress } from "../../src/operations/driver.js";
import type { CuttableProxy } from "../support/cuttable-proxy.js";
import { Recorder, until } from "./bench.js";

/** Has the line to an engine be away for so long. */
export async function away(
  line: CuttableProxy,
  seconds: number,
  how: "cut" | "freeze" = "cut",
): Promise<void> {
  const since = Date.now();
  line[how]();
  await until(`${seconds} s are over`, () => Date.now() - since >= seconds * 1000, seconds + 5, 100);
  line.mend();
}

/** Does something once, at the first step that is reported like that, while the rebuild goes on. */
export function at(isIt: (step: StepProgress) => boolean, work: () => Promise<unknown>) {
  const done: Promise<unknown>[] = [];
  const report = new Recorder((step) => {
    if (isIt(step) && done.length === 0) {
      done.push(work());
    }
  });
  return { report, done: () => Promise.all(done).then(() => expect(done).to.have.length(1)) };
}
