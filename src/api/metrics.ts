import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import { hasEnded } from "../domain/operation.js";
import type { LoggedEvent } from "../events/event-map.js";

/** What /metrics shows: this process, its HTTP requests, and what went through the event log. */
export class Metrics {
  private readonly registry = new Registry();
  private readonly requests = new Histogram({
    name: "rebake_http_request_duration_seconds",
    help: "How long HTTP requests took.",
    labelNames: ["method", "route", "status"],
    buckets: [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers: [this.registry],
  });
  private readonly operations = new Counter({
    name: "rebake_operations_total",
    help: "Operations that ended, by verdict, seen in the event log.",
    labelNames: ["verdict"],
    registers: [this.registry],
  });
  private readonly events = new Counter({
    name: "rebake_events_total",
    help: "Events appended to the event log, by any server, since this one started.",
    labelNames: ["type"],
    registers: [this.registry],
  });
  constructor() {
    collectDefaultMetrics({ register: this.registry });
  }

  requestEnded(method: string, route: string, status: number, seconds: number): void {
    this.requests.observe({ method, route, status }, seconds);
  }

  /** To be called once for every event of the log, as it arrives. */
  eventSeen(event: Pick<LoggedEvent, "type" | "payload">): void {
    this.events.inc({ type: event.type });
    if (event.type === "OPERATION_CHANGED") {
      const { state } = event.payload as { state: Parameters<typeof hasEnded>[0] };
      if (hasEnded(state)) {
        this.operations.inc({ verdict: state });
      }
    }
  }

  /** Asks for the number whenever the metrics are read. */
  countSubscribers(count: () => number): void {
    new Gauge({
      name: "rebake_subscribers",
      help: "Subscriptions that are open on this server.",
      registers: [this.registry],
      collect() {
        this.set(count());
      },
    });
  }

  get contentType(): string {
    return this.registry.contentType;
  }

  text(): Promise<string> {
    return this.registry.metrics();
  }
}
