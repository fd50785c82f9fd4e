import { expect } from "chai";
import type { OperationView, StepView, UpdateView } from "../../demo/operations.js";
import { Screen, updateLines } from "../../demo/screen.js";
import { bar, stepLine } from "../../demo/steps.js";

const plain = (_colour: string, text: string) => text;
const now = Date.parse("2026-01-01T00:00:10Z");

function step(fields: Partial<StepView>): StepView {
  return {
    name: "INSTALL",
    state: "PENDING",
    done: 0,
    of: 1,
    startedAt: null,
    finishedAt: null,
    detail: null,
    ...fields,
  };
}
const running = step({ state: "RUNNING", startedAt: "2026-01-01T00:00:08Z", detail: "npm ci" });
const done = step({
  state: "DONE",
  done: 1,
  startedAt: "2026-01-01T00:00:08Z",
  finishedAt: "2026-01-01T00:00:09.500Z",
});
const operation = (...steps: StepView[]): OperationView => ({
  id: "o",
  state: "RUNNING",
  steps,
  cause: null,
});

function screenOn(out: { isTTY?: boolean; rows?: number; columns?: number }) {
  const written: string[] = [];
  const screen = new Screen(
    { ...out, write: (text: string) => written.push(text) },
    { NO_COLOR: "1" },
    () => now,
  );
  return { screen, written };
}

describe("the demo's screen", () => {
  it("shows a step with its mark, bar, count, duration and detail", () => {
    expect(stepLine(step({}), now, plain)).to.equal("· Install");
    expect(stepLine(running, now, plain)).to.equal("▸ Install       ░░░░░░░░░░░░            2.00 s npm ci");
    expect(stepLine(done, now, plain)).to.equal("✓ Install       ████████████            1.50 s");
    const partly = step({ ...running, name: "CUT_OVER", done: 2, of: 3, detail: null });
    expect(stepLine(partly, now, plain)).to.equal("▸ Cut over      ████████░░░░ 2 of 3     2.00 s");
    expect(stepLine(step({ state: "SKIPPED", detail: "no source" }), now, plain)).to.match(
      /^– Install +no source$/,
    );
  });

  it("fills a bar in proportion and never before the end", () => {
    expect(bar(0, 0)).to.equal("░".repeat(12));
    expect(bar(999, 1000)).to.equal(`${"█".repeat(11)}░`);
    expect(bar(3, 3)).to.equal("█".repeat(12));
  });

  it("writes one line for each change where it cannot redraw", () => {
    const { screen, written } = screenOn({});
    screen.progress("catalog", operation(running));
    screen.progress("catalog", operation(running));
    screen.progress("catalog", { ...operation(done), state: "SUCCEEDED" });
    expect(written).to.deep.equal([
      "catalog: ▸ Install       ░░░░░░░░░░░░            2.00 s npm ci\n",
      "catalog: RUNNING\n",
      "catalog: ✓ Install       ████████████            1.50 s\n",
      "catalog: SUCCEEDED\n",
    ]);
  });

  it("redraws a block in place on a terminal and writes other lines above it", () => {
    const { screen, written } = screenOn({ isTTY: true, rows: 24, columns: 80 });
    screen.progress("catalog", operation(running));
    screen.progress("orders", operation(step({})));
    screen.say("hello");
    screen.title("Next");
    screen.refresh();
    expect(written[0]).to.match(/^\x1b\[2Kcatalog {2}RUNNING\n\x1b\[2K {2}▸ Install[^\n]*\n$/);
    expect(written[1]).to.match(/^\x1b\[2A\x1b\[2Kcatalog/);
    expect(written[2]).to.equal("\x1b[4A\x1b[Jhello\n");
    expect(written[3]).to.match(/^\x1b\[2Kcatalog.*orders/s);
    expect(written.slice(4)).to.deep.equal(["\nNext\n"]);
  });

  it("does not redraw what is higher than the terminal, and cuts what is wider", () => {
    const low = screenOn({ isTTY: true, rows: 2, columns: 80 });
    low.screen.progress("catalog", operation(running));
    expect(low.written[0]).to.match(/^catalog: ▸/);
    const narrow = screenOn({ isTTY: true, rows: 24, columns: 20 });
    narrow.screen.progress("catalog", operation(running));
    expect(narrow.written[0]).to.contain("  ▸ Install       …\n");
  });

  it("lists what changed for whom, secrets masked", () => {
    const update = (name: string): UpdateView => ({
      ...{ id: "u", service: { id: "s", name }, reasons: ["RECIPE"], fromRevision: 1, toRevision: 2 },
      changes: [
        { path: ["env", "GREETING"], before: "Привет", after: "Здравствуйте", secret: false },
        { path: ["env", "NEW"], before: null, after: "a\nb", secret: false },
        { path: ["env", "KEY"], before: null, after: null, secret: true },
      ],
    });
    expect(updateLines([update("catalog"), update("orders")].slice(0, 1), plain)).to.deep.equal([
      "service  revision  changed       before     after",
      "catalog  1 → 2     env.GREETING  Привет  →  Здравствуйте",
      "                   env.NEW       (none)  →  a\\nb",
      "                   env.KEY       ••••••  →  ••••••",
    ]);
  });
});
