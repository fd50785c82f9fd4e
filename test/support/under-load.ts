import { expect } from "chai";
import { type LiveReport, openLiveSocket } from "../../demo/live-socket.js";
import { type LoadReport, startLoad } from "../../demo/load.js";
import { type SlowRequest, startSlowRequests } from "../../demo/slow-requests.js";
import { table } from "../../demo/text.js";
import { eventually } from "./eventually.js";

/** As in the demo. */
const requestsPerSecond = 220;
const slowTakesMs = 3_000;
const slowEveryMs = 500;

/** What was seen while something changed. */
export interface Seen<T> {
  report: LoadReport;
  slow: SlowRequest[];
  live: LiveReport;
  changed: T;
}

/** The demo's load on one service, with what was measured of each change under it. */
export class UnderLoad {
  private readonly measured: string[][] = [
    [
      "under load",
      "s",
      "sent",
      "failed",
      "longest gap",
      "p50",
      "p99",
      "answered by",
      "slow ones",
      "WebSocket",
    ],
  ];

  /** @param url of the service, asked for anew for each change */
  constructor(private readonly url: () => string) {}

  print(): void {
    console.log(`\n${table(this.measured).join("\n")}\n`);
  }

  /** Runs `change` under load, in which nothing may fail: no request, however slow, and no WebSocket without a goodbye. */
  async unfailed<T>(name: string, change: () => Promise<T>): Promise<Seen<T>> {
    const seen = await this.during(name, change);
    expect(seen.report.failed, JSON.stringify(seen.report.services, replacer)).to.equal(0);
    expect(seen.report.requestsPerSecond).to.be.greaterThan(0.9 * requestsPerSecond);
    expect(seen.slow.filter(({ error }) => error !== null)).to.deep.equal([]);
    expect(seen.report.services[0]!.generations.size).to.be.greaterThan(1);
    expect([seen.live.code, seen.live.reason]).to.deep.equal([1001, "going away, come back"]);
    return seen;
  }

  /** Runs `change` under load, whatever fails. */
  async during<T>(name: string, change: () => Promise<T>): Promise<Seen<T>> {
    const url = this.url();
    const running = startLoad({ services: [{ name: "catalog", url }], requestsPerSecond });
    const slowOnes = startSlowRequests({ url, takesMs: slowTakesMs, everyMs: slowEveryMs });
    const socket = openLiveSocket(url);
    let seen: Omit<Seen<T>, "changed">;
    let changed: T;
    try {
      await socket.ready;
      await sentFor(running, 1);
      changed = await change();
      await sentFor(running, 1);
    } finally {
      const [report, slow] = await Promise.all([running.stop(), slowOnes.stop()]);
      socket.end();
      seen = { report, slow, live: await socket.closed };
      this.note(name, seen);
    }
    return { ...seen, changed };
  }

  private note(name: string, { report, slow, live }: Omit<Seen<unknown>, "changed">): void {
    const { sent, failed, longestGap, p50, p99, generations } = report.services[0]!;
    this.measured.push([
      name,
      report.seconds.toFixed(1),
      `${sent}`,
      `${failed}`,
      `${longestGap.toFixed(0)} ms`,
      `${p50.toFixed(1)} ms`,
      `${p99.toFixed(1)} ms`,
      [...generations.values()].join(" + "),
      `${slow.length}`,
      `${live.code} after ${live.echoes} echoes`,
    ]);
  }
}

/** Seconds' worth of requests: the load goes on for so long before and after. */
async function sentFor(running: { now(): { sent: number } }, seconds: number): Promise<void> {
  const until = running.now().sent + seconds * requestsPerSecond;
  await eventually(() => running.now().sent >= until);
}

/** Maps say nothing as JSON. */
function replacer(_key: string, value: unknown): unknown {
  return value instanceof Map ? Object.fromEntries(value) : value;
}
