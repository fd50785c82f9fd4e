import { expect } from "chai";
import { LeaseLost } from "../../src/errors.js";
import type { Outcome, StepProgress, Target } from "../../src/operations/driver.js";
import type { EngineCall, EngineProxy } from "../support/engine-proxy.js";
import { Recorder } from "./bench.js";

export const lost = new LeaseLost("opn_x");

/** Loses the lease when a step is reported like that. */
export const losingAt = (isIt: (step: StepProgress) => boolean) =>
  new Recorder((step) => {
    if (isIt(step)) {
      throw lost;
    }
  });

/** Loses the lease when the engine has answered so many of those calls. */
export function losingAfter(
  proxy: EngineProxy,
  count: number,
  isIt: (call: EngineCall) => boolean,
): Recorder {
  const report = new Recorder();
  proxy.after = (_call, body) => {
    if (proxy.calls.filter(isIt).length >= count) {
      report.abort(lost);
    }
    return body;
  };
  return report;
}

export async function expectLost(work: Promise<Outcome>): Promise<void> {
  const ended: unknown = await work.catch((reason: unknown) => reason);
  expect(ended, JSON.stringify(ended)).to.be.instanceOf(LeaseLost);
}

/** As the next server has it, under a higher fence. */
export const taken = (target: Target): Target => ({
  ...target,
  stamp: { ...target.stamp, fence: target.stamp.fence + 1 },
});
