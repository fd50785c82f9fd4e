import type { EventFilter } from "./event-filter.js";
import { type LoggedEvent, subjectOf } from "./event-map.js";

/** Finds who may want an event without asking everybody: each is filed under its narrowest ids. */
export class EventIndex<Entry extends { readonly filter: EventFilter }> {
  private readonly buckets = new Map<string, Set<Entry>>();

  add(entry: Entry): void {
    for (const key of keysOf(entry.filter)) {
      const bucket = this.buckets.get(key);
      if (bucket) {
        bucket.add(entry);
      } else {
        this.buckets.set(key, new Set([entry]));
      }
    }
  }

  remove(entry: Entry): void {
    for (const key of keysOf(entry.filter)) {
      const bucket = this.buckets.get(key);
      bucket?.delete(entry);
      if (bucket?.size === 0) {
        this.buckets.delete(key);
      }
    }
  }

  /** Calls `visit` once for each entry that may want the event; it still has to ask its filter. */
  visit(event: LoggedEvent, visit: (entry: Entry) => void): void {
    this.visitBucket(`type:${event.type}`, visit);
    this.visitBucket(`environment:${event.payload.environmentId}`, visit);
    this.visitBucket(`service:${event.payload.serviceId}`, visit);
    const operationId = subjectOf(event.payload);
    if (operationId !== null) {
      this.visitBucket(`operation:${operationId}`, visit);
    }
  }

  private visitBucket(key: string, visit: (entry: Entry) => void): void {
    this.buckets.get(key)?.forEach(visit);
  }
}

/** An entry is in buckets of one sort only, so that an event never visits it twice. */
function keysOf(filter: EventFilter): string[] {
  if (filter.operationId !== undefined) {
    return [`operation:${filter.operationId}`];
  }
  if (filter.serviceIds !== undefined) {
    return [...new Set(filter.serviceIds)].map((id) => `service:${id}`);
  }
  if (filter.environmentIds !== undefined) {
    return [...new Set(filter.environmentIds)].map((id) => `environment:${id}`);
  }
  return [...new Set(filter.types)].map((type) => `type:${type}`);
}
