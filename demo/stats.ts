import { type Exchange, succeeded } from "./get.js";

/** What one service's requests say together; times in ms. */
export interface ServiceStats {
  name: string;
  sent: number;
  failed: number;
  /** How often each reason occurred. */
  reasons: Map<string, number>;
  /** Longest time without a successful answer, the ends of the load included. */
  longestGap: number;
  p50: number;
  p99: number;
  /** Successful answers by generation, in order of first appearance. */
  generations: Map<string, number>;
}

/** When sending began and ended. */
export interface Span {
  started: number;
  stopped: number;
}

/** Adds up the exchanges of one service. */
export function statsOf(name: string, exchanges: readonly Exchange[], span: Span): ServiceStats {
  const good = exchanges.filter(succeeded).sort((one, other) => one.end - other.end);
  const bad = exchanges.filter((exchange) => !succeeded(exchange));
  const latencies = good.map((exchange) => exchange.end - exchange.start).sort((one, other) => one - other);
  return {
    name,
    sent: exchanges.length,
    failed: bad.length,
    reasons: countBy(bad, (exchange) => exchange.error ?? "unknown"),
    longestGap: longestGap(
      good.map((exchange) => exchange.end),
      span,
    ),
    p50: percentile(latencies, 0.5),
    p99: percentile(latencies, 0.99),
    generations: countBy(good, (exchange) => exchange.by?.generation ?? "unknown"),
  };
}

/** The value below which the share `part` of the sorted values lie; NaN when there are none. */
export function percentile(sorted: readonly number[], part: number): number {
  return sorted[Math.max(0, Math.ceil(sorted.length * part) - 1)] ?? Number.NaN;
}

function longestGap(ends: readonly number[], { started, stopped }: Span): number {
  const edges = [started, ...ends, Math.max(stopped, ends.at(-1) ?? stopped)];
  return edges.slice(1).reduce((longest, edge, index) => Math.max(longest, edge - edges[index]!), 0);
}

function countBy<T>(items: readonly T[], key: (item: T) => string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const item of items) {
    counts.set(key(item), (counts.get(key(item)) ?? 0) + 1);
  }
  return counts;
}
