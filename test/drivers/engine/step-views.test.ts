import { expect } from "chai";
import fc from "fast-check";
import type { StepView } from "../../../src/drivers/engine/progress.js";
import {
  announcementOf,
  counted,
  justBeforeDone,
  terminating,
} from "../../../src/drivers/engine/step-views.js";
import type { StepName } from "../../../src/operations/driver.js";
import { newRef, specOf, targetOf } from "../bench.js";

describe("what is told of a step", () => {
  it("stays within its replicas, and is done with all of them", () => {
    fc.assert(
      fc.property(fc.nat(9), fc.nat(9), fc.boolean(), (done, of, begun) => {
        const view = counted(done, of, begun, "detail");
        expect(view.done).to.be.within(0, of);
        expect(view.state === "DONE").to.equal(view.done === of);
        expect(view.state === "PENDING").to.equal(!begun && done < of);
        expect(view.detail).to.equal(view.state === "DONE" ? "detail" : undefined);
        const ending = terminating(done, of);
        expect(ending.done).to.be.within(0, of);
        expect(ending.state).to.equal(of === 0 ? "SKIPPED" : done === 0 ? "DONE" : "RUNNING");
      }),
    );
  });

  it("is which one begins, and why not without downtime, before anything is done", () => {
    const source = { repository: "https://git.example/x.git", branch: "main", commit: null, path: null };
    const told = (fields: Parameters<typeof specOf>[0], downtime: string | null) => [
      ...announcementOf(targetOf(newRef(), specOf(fields), { replicas: 2 }), downtime),
    ];
    const skipped = { state: "SKIPPED", done: 0, of: 2 };
    expect(told({}, "No room.")).to.deep.equal([
      ["FETCH_SOURCE", skipped],
      ["INSTALL", skipped],
      ["START", { state: "RUNNING", done: 0, of: 2, detail: "DOWNTIME: No room." }],
    ]);
    expect(told({ source: { ...source, credential: null } }, null)).to.deep.equal([
      ["FETCH_SOURCE", { state: "RUNNING", done: 0, of: 2 }],
    ]);
  });

  it("are told of a rollout that was over between two looks as just before, once more", () => {
    const ready = { state: "DONE", done: 2, of: 2 } as const;
    const seen = new Map<StepName, StepView>([
      ["READY", ready],
      ["CUT_OVER", { ...ready, detail: "switched" }],
      ["TERMINATE_OLD", { state: "RUNNING", done: 0, of: 2 }],
    ]);
    expect([...justBeforeDone(seen)]).to.deep.equal([
      ["READY", ready],
      ["CUT_OVER", { state: "RUNNING", done: 2, of: 2 }],
    ]);
  });
});
