import { Arg, Resolver, Root, Subscription } from "type-graphql";
import { updateKind } from "../../domain/update.js";
import { RequestError } from "../../errors.js";
import type { EventType, LoggedEvent, UpdateSnapshot } from "../../events/event-map.js";
import { deletedEnvironmentIds, maySee } from "../access.js";
import type { RequestContext } from "../context.js";
import { Feed } from "../feed.js";
import { UpdateFilter } from "../types/filters.js";
import { Cursor } from "../types/scalars.js";
import {
  UpdateAvailableType,
  UpdateEventType,
  type UpdateEventView,
  UpdateResolvedType,
} from "../types/update.js";
import { updateAt } from "../views.js";

interface Asked {
  args: { filter?: UpdateFilter | null; after?: bigint | null };
  context: RequestContext;
}

const filter = { nullable: true, description: "Which Updates; all when absent." };
const after = {
  nullable: true,
  description: "Begin with what happened after this; with what happens from now on when absent.",
};

@Resolver()
export class UpdateSubscriptions {
  @Subscription(() => UpdateAvailableType, {
    description:
      "Tells of each service that does not run what it should any more, or differs in more or less.",
    subscribe: (asked: Asked) => feedOf(asked, ["UPDATE_AVAILABLE"]),
  })
  updateAvailable(
    @Root() event: LoggedEvent,
    @Arg("filter", () => UpdateFilter, filter) _filter: UpdateFilter | null,
    @Arg("after", () => Cursor, after) _after: bigint | null,
  ) {
    return toView(event);
  }

  @Subscription(() => UpdateResolvedType, {
    description: "Tells of each service that runs what it should again, or is gone.",
    subscribe: (asked: Asked) => feedOf(asked, ["UPDATE_RESOLVED"]),
  })
  updateResolved(
    @Root() event: LoggedEvent,
    @Arg("filter", () => UpdateFilter, filter) _filter: UpdateFilter | null,
    @Arg("after", () => Cursor, after) _after: bigint | null,
  ) {
    return toView(event);
  }

  @Subscription(() => UpdateEventType, {
    description: "Both in one stream, in the order they happened.",
    subscribe: (asked: Asked) => feedOf(asked, ["UPDATE_AVAILABLE", "UPDATE_RESOLVED"]),
  })
  updates(
    @Root() event: LoggedEvent,
    @Arg("filter", () => UpdateFilter, filter) _filter: UpdateFilter | null,
    @Arg("after", () => Cursor, after) _after: bigint | null,
  ) {
    return toView(event);
  }
}

async function feedOf({ args, context }: Asked, types: EventType[]): Promise<Feed> {
  const { filter, after } = args;
  assertFollowable(filter ?? {});
  const deleted = await deletedEnvironmentIds(context.deps.dataSource, context.scope);
  return new Feed({
    types,
    after,
    serviceIds: filter?.service ? [filter.service] : undefined,
    matches: ({ payload }) => {
      const update = payload as UpdateSnapshot;
      return !deleted.has(update.environmentId) && matches(update, context, filter ?? {});
    },
  });
}

/** @throws RequestError BAD_REQUEST for what an event does not say */
function assertFollowable({ unread, search }: UpdateFilter): void {
  const set = (value: unknown) => value !== undefined && value !== null;
  if (set(unread) || set(search)) {
    throw new RequestError(
      "BAD_REQUEST",
      "filter.unread and filter.search are for lists, not for subscriptions.",
    );
  }
}

/** By what the event says, never by rows: these may have changed since. */
function matches(update: UpdateSnapshot, { scope }: RequestContext, filter: UpdateFilter): boolean {
  return (
    maySee(scope, update.environment) &&
    wanted(filter.environment, update.environment) &&
    wanted(filter.recipe, update.recipe) &&
    wanted(filter.kind, updateKind(update.reasons)) &&
    (!filter.reason || update.reasons.includes(filter.reason))
  );
}

function wanted<T>(asked: T | null | undefined, found: T): boolean {
  return asked === null || asked === undefined || asked === found;
}

function toView({ type, cursor, payload }: LoggedEvent): UpdateEventView {
  const event = type === "UPDATE_RESOLVED" ? "UpdateResolved" : "UpdateAvailable";
  return { event, cursor, update: updateAt(payload as UpdateSnapshot) };
}
