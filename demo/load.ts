import { Agent } from "node:http";
import { type Exchange, get } from "./get.js";
import { type ServiceStats, statsOf } from "./stats.js";

export interface LoadOptions {
  /** Name and address of each service; they take turns. */
  services: { name: string; url: string }[];
  /** Of all services together; half on new, half on keep-alive connections. */
  requestsPerSecond: number;
  /** When a request counts as failed; 10,000 unless given. */
  timeoutMs?: number;
}

export interface LoadReport {
  sent: number;
  failed: number;
  seconds: number;
  /** What was really sent. */
  requestsPerSecond: number;
  services: ServiceStats[];
}

export interface Load {
  /** Counts so far. */
  now(): { sent: number; failed: number };
  /** Sends no more, waits for what is in flight and adds it all up. */
  stop(): Promise<LoadReport>;
}

interface Lane {
  name: string;
  url: string;
  agent: Agent;
  exchanges: Exchange[];
}

/** A busy moment of this process is caught up with in small portions, so that the load is no burst. */
const mostAtOnce = 20;

/**
 * Sends requests on schedule, whether or not earlier ones have been answered, and never one twice: what a
 * client would have seen as an error is counted as one.
 */
export function startLoad(options: LoadOptions): Load {
  const lanes = options.services.map(laneOf);
  const inFlight = new Set<Promise<void>>();
  const timeoutMs = options.timeoutMs ?? 10_000;
  const started = performance.now();
  const everyMs = 1000 / options.requestsPerSecond;
  let sent = 0;
  let failed = 0;

  const send = (due: number) => {
    const lane = lanes[sent % lanes.length]!;
    const keepAlive = Math.floor(sent / lanes.length) % 2 === 0;
    sent += 1;
    const ended = get({ url: lane.url, agent: keepAlive && lane.agent, timeoutMs, start: due }).then(
      (exchange) => {
        lane.exchanges.push(exchange);
        failed += exchange.error === null ? 0 : 1;
        inFlight.delete(ended);
      },
    );
    inFlight.add(ended);
  };
  const stopSending = onSchedule(started, everyMs, send);

  return {
    now: () => ({ sent, failed }),
    stop: async () => {
      stopSending();
      const stopped = performance.now();
      await Promise.all(inFlight);
      for (const lane of lanes) {
        lane.agent.destroy();
      }
      const seconds = (stopped - started) / 1000;
      const services = lanes.map((lane) => statsOf(lane.name, lane.exchanges, { started, stopped }));
      return { sent, failed, seconds, requestsPerSecond: sent / seconds, services };
    },
  };
}

function laneOf(service: { name: string; url: string }): Lane {
  // Taking the longest unused connection keeps all of them warm: none idles until the server closes it.
  const agent = new Agent({ keepAlive: true, scheduling: "fifo" });
  return { ...service, agent, exchanges: [] };
}

/** Calls `send` with the time each one was due; returns what ends it. */
function onSchedule(started: number, everyMs: number, send: (due: number) => void): () => void {
  let count = 0;
  let timer: NodeJS.Timeout;
  const dueAt = () => started + count * everyMs;
  const tick = () => {
    for (let sentNow = 0; sentNow < mostAtOnce && dueAt() <= performance.now(); sentNow++) {
      send(dueAt());
      count += 1;
    }
    timer = setTimeout(tick, Math.max(1, dueAt() - performance.now()));
  };
  tick();
  return () => clearTimeout(timer);
}
