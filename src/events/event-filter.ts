import type { EventType, LoggedEvent } from "./event-map.js";

/** Which events somebody wants: those of `types` that all of the other fields let through. */
export interface EventFilter {
  readonly types: readonly EventType[];
  /** Only events of this operation. */
  readonly operationId?: string | undefined;
  /** Only events of these services; absent means of any. */
  readonly serviceIds?: readonly string[] | undefined;
  /** Only events of these environments; absent means of any. */
  readonly environmentIds?: readonly string[] | undefined;
  /** What cannot be said by ids. Must not throw and must not depend on anything but the event. */
  readonly matches?: ((event: LoggedEvent) => boolean) | undefined;
}

export function operationOf(event: LoggedEvent): string | null {
  return "operationId" in event.payload ? event.payload.operationId : null;
}

export function wants(filter: EventFilter, event: LoggedEvent): boolean {
  return (
    filter.types.includes(event.type) &&
    (filter.operationId === undefined || filter.operationId === operationOf(event)) &&
    (filter.serviceIds === undefined || filter.serviceIds.includes(event.payload.serviceId)) &&
    (filter.environmentIds === undefined || filter.environmentIds.includes(event.payload.environmentId)) &&
    (filter.matches === undefined || filter.matches(event))
  );
}
