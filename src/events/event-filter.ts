import { type EventType, type LoggedEvent, subjectOf } from "./event-map.js";

/** Which events somebody wants: those of `types` that all of the other fields let through. */
export interface EventFilter {
  readonly types: readonly EventType[];
  /** Only events of this operation or bulk rebuild. */
  readonly operationId?: string | undefined;
  /** Only events of these services; absent means of any. */
  readonly serviceIds?: readonly string[] | undefined;
  /** Only events of these environments; absent means of any. */
  readonly environmentIds?: readonly string[] | undefined;
  /** What cannot be said by ids. Must not throw and must not depend on anything but the event. */
  readonly matches?: ((event: LoggedEvent) => boolean) | undefined;
}

export function wants(filter: EventFilter, event: LoggedEvent): boolean {
  return (
    filter.types.includes(event.type) &&
    (filter.operationId === undefined || filter.operationId === subjectOf(event.payload)) &&
    isAmong(filter.serviceIds, event.payload.serviceId) &&
    isAmong(filter.environmentIds, event.payload.environmentId) &&
    (filter.matches === undefined || filter.matches(event))
  );
}

function isAmong(wanted: readonly string[] | undefined, id: string | null): boolean {
  return wanted === undefined || (id !== null && wanted.includes(id));
}
