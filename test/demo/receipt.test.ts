import { expect } from "chai";
import type { Exchange } from "../../demo/get.js";
import type { LoadReport } from "../../demo/load.js";
import type { OperationView } from "../../demo/operations.js";
import { readOptions } from "../../demo/options.js";
import { cutOverAtOf } from "../../demo/rebuild.js";
import { judge, type Witness } from "../../demo/receipt.js";
import { receiptLines } from "../../demo/screen.js";
import type { SlowRequest } from "../../demo/slow-requests.js";
import { percentile, statsOf } from "../../demo/stats.js";

function exchange(start: number, end: number, error: string | null = null): Exchange {
  const by = { generation: start < 500 ? "old" : "new", instance: "1", commit: null, greeting: null };
  return { start, end, status: error ? null : 200, error, by: error ? null : by };
}
const good = [exchange(0, 10), exchange(100, 120), exchange(600, 630)];
const span = { started: 0, stopped: 700 };

function report(exchanges: Exchange[], rate = 220): LoadReport {
  const stats = statsOf("catalog", exchanges, span);
  return { sent: stats.sent, failed: stats.failed, seconds: 1, requestsPerSecond: rate, services: [stats] };
}

const operation = { id: "o", state: "SUCCEEDED", steps: [], cause: null } satisfies OperationView;
const slow: SlowRequest = { ...exchange(0, 3000), startedAt: 0, endedAt: 3000 };
const witness: Witness = {
  service: "catalog",
  operation,
  oldGeneration: "old",
  slow: [slow],
  slowAcross: [slow],
  live: {
    openedAt: 0,
    echoes: 40,
    lastEchoAt: 7900,
    longestSilence: 210,
    closedAt: 8000,
    code: 1001,
    reason: "going away, come back",
  },
  cutOverAt: 2000,
  drainMs: 6000,
};
const failing = (fields: Partial<Witness>, load = report(good)) =>
  judge(load, [{ ...witness, ...fields }])
    .filter(({ ok }) => !ok)
    .map(({ text }) => text);

describe("the demo's numbers", () => {
  it("adds up failures, gaps, latencies and who answered", () => {
    const stats = statsOf("catalog", [...good, exchange(300, 301, "ECONNREFUSED")], span);
    expect(stats).to.deep.include({ sent: 4, failed: 1, longestGap: 510, p50: 20, p99: 30 });
    expect([...stats.reasons]).to.deep.equal([["ECONNREFUSED", 1]]);
    expect([...stats.generations]).to.deep.equal([
      ["old", 2],
      ["new", 1],
    ]);
  });

  it("counts silence at either end as a gap", () => {
    expect(statsOf("a", [], span).longestGap).to.equal(700);
    expect(statsOf("a", [exchange(400, 450)], span).longestGap).to.equal(450);
    expect(statsOf("a", [exchange(0, 10)], span).longestGap).to.equal(690);
  });

  it("takes percentiles by rank", () => {
    expect(percentile([1, 2, 3, 4], 0.5)).to.equal(2);
    expect(percentile([1, 2, 3, 4], 0.99)).to.equal(4);
    expect(percentile([], 0.5)).to.be.NaN;
  });
});

describe("the demo's verdict", () => {
  it("is good when everything promised was seen", () => {
    expect(failing({})).to.deep.equal([]);
    const lines = receiptLines(report(good), judge(report(good), [witness]), (_colour, text) => text);
    expect(lines).to.deep.equal([
      "service  sent  failed  longest gap  p50      p99      answered by old + new",
      "catalog  3     0       0.51 s       20.0 ms  30.0 ms  2 + 1",
      "",
      "✓ 3 requests in 1.0 s (220 a second), half of them on new connections, none tried again",
      "✓ 0 failed",
      "✓ catalog: rebuild SUCCEEDED",
      "✓ catalog: request of 3.0 s across the cut-over answered 200 by the old one",
      '✓ catalog: WebSocket closed with 1001 "going away, come back" 6.0 s after the cut-over, after 40 echoes',
    ]);
  });

  it("is bad when a request failed, or too few were sent", () => {
    expect(failing({}, report([...good, exchange(1, 2, "ECONNRESET")]))).to.deep.equal(["1 failed"]);
    expect(failing({}, report(good, 199)).join()).to.contain("199 a second");
    expect(failing({}, report([]))).to.deep.equal(["0 failed"]);
  });

  it("is bad for any verdict but SUCCEEDED", () => {
    const cause = { code: "PROBE_FAILED", message: "It answered 500.", exitCode: null, lastLines: [] };
    expect(failing({ operation: { ...operation, state: "FAILED", cause } })).to.deep.equal([
      "catalog: rebuild FAILED (PROBE_FAILED: It answered 500.)",
    ]);
    expect(failing({ operation: { ...operation, state: "UNPROVEN" } })).to.have.length(1);
    expect(failing({ operation: null })).to.deep.equal(["catalog: rebuild no verdict"]);
  });

  it("is bad when the slow request failed, was not across or was answered by the new one", () => {
    const broken = { ...slow, error: "ECONNRESET", by: null };
    expect(failing({ slow: [slow, broken] })).to.deep.equal(["catalog: slow request failed: ECONNRESET"]);
    expect(failing({ slowAcross: [] })[0]).to.contain("no slow request was in flight");
    const byNew = { ...slow, by: { ...slow.by!, generation: "new" } };
    expect(failing({ slowAcross: [byNew] })[0]).to.contain("by the new one");
    expect(failing({ slowAcross: [byNew, slow] })).to.deep.equal([]);
  });

  it("is bad when the WebSocket was cut, closed early, silent or left open", () => {
    const live = (fields: Partial<Witness["live"]>) => failing({ live: { ...witness.live, ...fields } });
    expect(live({ code: 1006, reason: "" })[0]).to.contain("closed with 1006 (cut)");
    expect(live({ closedAt: 7000, lastEchoAt: 6900 })[0]).to.contain("5.0 s after the cut-over");
    expect(live({ longestSilence: 2000 })).to.have.length(1);
    expect(live({ lastEchoAt: 5000 })).to.have.length(1);
    expect(live({ closedAt: null, code: null })[0]).to.contain("still open");
    expect(failing({ cutOverAt: null })).to.have.length(1);
  });

  it("takes the cut-over from the operation's step", () => {
    const step = {
      name: "CUT_OVER",
      state: "RUNNING",
      done: 0,
      of: 1,
      detail: null,
      finishedAt: null,
    } as const;
    const at = (startedAt: string | null) => cutOverAtOf({ ...operation, steps: [{ ...step, startedAt }] });
    expect(at("2026-01-01T00:00:01Z")).to.equal(Date.parse("2026-01-01T00:00:01Z"));
    expect(at(null)).to.equal(null);
    expect(cutOverAtOf(null)).to.equal(null);
  });
});

describe("the demo's options", () => {
  it("come after npm's -- or before it", () => {
    expect(readOptions([], {})).to.deep.equal({ stopFirst: false, port: null, verbose: false });
    const all = { stopFirst: true, port: 5000, verbose: true };
    expect(readOptions(["--stop-first", "--port", "5000", "--verbose"], {})).to.deep.equal(all);
    const env = { npm_config_stop_first: "true", npm_config_loglevel: "verbose" };
    expect(readOptions(["--port=5000"], env)).to.deep.equal(all);
  });

  it("are refused when they make no sense", () => {
    expect(() => readOptions(["--port", "0"], {})).to.throw("--port is");
    expect(() => readOptions(["--fast"], {})).to.throw("--fast");
  });
});
