import type { LoadReport } from "./load.js";
import type { OperationView, UpdateView } from "./operations.js";
import type { Finding } from "./receipt.js";
import { changedSteps, operationBlock, stepLine } from "./steps.js";
import { clip, displayWidth, duration, harmless, type Paint, painter, table } from "./text.js";

/** What a terminal, a pipe and a test have in common. */
export interface Output {
  isTTY?: boolean;
  columns?: number;
  rows?: number;
  write(text: string): unknown;
}

/** Writes lines, and on a terminal a block below them that is redrawn in place. */
export class Screen {
  readonly paint: Paint;
  private readonly shown = new Map<string, OperationView>();
  private drawn = 0;

  constructor(
    private readonly out: Output,
    env: Readonly<Record<string, string | undefined>>,
    private readonly now: () => number = Date.now,
  ) {
    this.paint = painter(out.isTTY === true, env);
  }

  /** Writes lines that stay, above the block if there is one. */
  say(...lines: string[]): void {
    const erase = this.drawn > 0 ? `\x1b[${this.drawn}A\x1b[J` : "";
    this.out.write(erase + lines.map((line) => `${line}\n`).join(""));
    if (this.drawn > 0) {
      this.drawn = 0;
      this.redraw();
    }
  }

  /** A heading, with space before it; a block above it stays as it is. */
  title(text: string): void {
    this.drawn = 0;
    this.shown.clear();
    this.say("", this.paint("bold", text));
  }

  /** Shows how a service's operation stands: in place where that is possible, else what is new in it. */
  progress(service: string, operation: OperationView): void {
    const before = this.shown.get(service) ?? null;
    this.shown.set(service, operation);
    if (this.canRedraw()) {
      this.redraw();
      return;
    }
    for (const step of changedSteps(before, operation)) {
      this.out.write(`${harmless(service)}: ${stepLine(step, this.now(), this.paint)}\n`);
    }
    if (before?.state !== operation.state) {
      this.out.write(`${harmless(service)}: ${operation.state}\n`);
    }
  }

  /** Draws the block again, for the durations of what runs. */
  refresh(): void {
    if (this.drawn > 0 && this.canRedraw()) {
      this.redraw();
    }
  }

  private canRedraw(): boolean {
    return this.out.isTTY === true && this.block().length < (this.out.rows ?? 0);
  }

  private block(): string[] {
    const byName = [...this.shown].sort(([one], [other]) => one.localeCompare(other));
    return byName.flatMap(([service, operation]) =>
      operationBlock(harmless(service), operation, this.now(), this.paint),
    );
  }

  private redraw(): void {
    const up = this.drawn > 0 ? `\x1b[${this.drawn}A` : "";
    const lines = this.block().map((line) => fitted(line, this.out.columns ?? 80));
    this.out.write(`${up}${lines.map((line) => `\x1b[2K${line}\n`).join("")}`);
    this.drawn = lines.length;
  }
}

/** Who is affected by a bump and how: a row for each field that differs. */
export function updateLines(updates: readonly UpdateView[], paint: Paint, columns = 110): string[] {
  const valueWidth = Math.max(12, Math.floor((columns - 44) / 2));
  const value = (text: string | null, secret: boolean) =>
    secret ? "••••••" : text === null ? "(none)" : clip(harmless(text), valueWidth);
  const rows = updates.flatMap((update) =>
    update.changes.map(({ path, before, after, secret }, index) => [
      index === 0 ? harmless(update.service.name) : "",
      index === 0 ? `${update.fromRevision ?? "–"} → ${update.toRevision ?? "–"}` : "",
      harmless(path.join(".")),
      value(before, secret),
      "→",
      value(after, secret),
    ]),
  );
  const [head, ...body] = table([["service", "revision", "changed", "before", "", "after"], ...rows]);
  return [paint("dim", head!), ...body];
}

/** What the load saw, service by service, then every finding with its mark. */
export function receiptLines(load: LoadReport, findings: readonly Finding[], paint: Paint): string[] {
  const rows = load.services.map((stats) => [
    harmless(stats.name),
    `${stats.sent}`,
    `${stats.failed}`,
    duration(stats.longestGap),
    `${stats.p50.toFixed(1)} ms`,
    `${stats.p99.toFixed(1)} ms`,
    [...stats.generations.values()].join(" + "),
  ]);
  const heads = ["service", "sent", "failed", "longest gap", "p50", "p99", "answered by old + new"];
  const [head, ...body] = table([heads, ...rows]);
  const reasons = load.services.flatMap(({ name, reasons: counts }) =>
    [...counts].map(([reason, count]) => paint("red", `${harmless(name)}: ${count} × ${harmless(reason)}`)),
  );
  const marks = findings.map(
    ({ ok, text }) => `${ok ? paint("green", "✓") : paint("red", "✗")} ${harmless(text)}`,
  );
  return [paint("dim", head!), ...body, ...reasons, "", ...marks];
}

/** A line that wrapped would break the redrawing: without its colours it may be cut. */
function fitted(line: string, columns: number): string {
  return displayWidth(line) < columns ? line : clip(line.replace(/\x1b\[[0-9;]*m/g, ""), columns - 1);
}
