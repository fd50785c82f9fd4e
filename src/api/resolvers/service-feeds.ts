import { Arg, Ctx, FieldResolver, ID, Int, Resolver, Root, Subscription } from "type-graphql";
import type { Service } from "../../domain/service.js";
import { RequestError } from "../../errors.js";
import type { LoggedEvent, ServiceSnapshot } from "../../events/event-map.js";
import type { ServiceLogLine } from "../../operations/driver.js";
import { abortable } from "../abortable.js";
import { deletedEnvironmentIds, maySee, visibleService } from "../access.js";
import { inBatches } from "../batches.js";
import type { RequestContext } from "../context.js";
import { Feed } from "../feed.js";
import { logsOf } from "../observe.js";
import { longestTail } from "../paging.js";
import { ServiceChangeFilter } from "../types/filters.js";
import { Cursor } from "../types/scalars.js";
import { ServiceType } from "../types/service.js";
import { ServiceChangedType, ServiceLogLineType } from "../types/service-feeds.js";

/** Lines in one message at most. */
const batch = 500;
const tail = {
  nullable: true,
  defaultValue: 100,
  description: "How many lines that were printed before, 0 to 1000.",
};

@Resolver(() => ServiceType)
export class ServiceLogsResolver {
  @FieldResolver(() => [ServiceLogLineType], {
    description:
      "The last lines it printed, oldest first; none once it is removed. UNAVAILABLE when this server cannot ask its engine.",
  })
  async logs(
    @Root() service: Service,
    @Ctx() context: RequestContext,
    @Arg("tail", () => Int, tail) asked: number | null,
  ) {
    const options = { tail: tailOf(asked), follow: false, signal: new AbortController().signal };
    const lines: ServiceLogLine[] = [];
    if (service.removedAt) {
      return lines;
    }
    for await (const line of await logsOf(context, service, options)) {
      lines.push(line);
    }
    return lines;
  }
}

@Resolver(() => ServiceChangedType)
export class ServiceFeeds {
  @Subscription(() => ServiceChangedType, {
    description:
      "Tells of each service that is new, gone, in another state, or runs or has been given something else.",
    subscribe: changesOf,
  })
  serviceChanged(
    @Root() { cursor, payload }: LoggedEvent,
    @Arg("filter", () => ServiceChangeFilter, { nullable: true, description: "Which; all when absent." })
    _filter: ServiceChangeFilter | null,
    @Arg("after", () => Cursor, {
      nullable: true,
      description: "Begin with what happened after this; with what happens from now on when absent.",
    })
    _after: bigint | null,
  ) {
    return { ...payload, cursor };
  }

  @Subscription(() => [ServiceLogLineType], {
    description: "What a service prints: the last lines, then new ones until it is removed.",
    subscribe: linesOf,
  })
  serviceLog(
    @Root() lines: ServiceLogLine[],
    @Arg("service", () => ID, { description: "Id of the service." }) _service: string,
    @Arg("tail", () => Int, tail) _tail: number | null,
  ) {
    return lines;
  }

  @FieldResolver(() => ServiceType, { description: "The service as it is now." })
  service(@Root() { serviceId }: ServiceSnapshot, @Ctx() context: RequestContext) {
    return context.loaders.service.load(serviceId);
  }
}

/** @throws RequestError LIMIT_EXCEEDED */
function tailOf(asked: number | null | undefined): number {
  const lines = asked ?? 100;
  if (lines < 0 || lines > longestTail) {
    throw new RequestError("LIMIT_EXCEEDED", `tail is ${lines}; it may be 0 to ${longestTail}.`);
  }
  return lines;
}

interface AskedChanges {
  args: { filter?: ServiceChangeFilter | null; after?: bigint | null };
  context: RequestContext;
}

async function changesOf({ args: { filter, after }, context }: AskedChanges): Promise<Feed> {
  const deleted = await deletedEnvironmentIds(context.deps.dataSource, context.scope);
  return new Feed({
    types: ["SERVICE_CHANGED"],
    after,
    serviceIds: filter?.service ? [filter.service] : undefined,
    matches: ({ payload }) => {
      const snapshot = payload as ServiceSnapshot;
      return !deleted.has(snapshot.environmentId) && matches(snapshot, context, filter ?? {});
    },
  });
}

/** By what the event says, never by rows: these may have changed since. Older events do not say enough. */
function matches(snapshot: ServiceSnapshot, { scope }: RequestContext, filter: ServiceChangeFilter): boolean {
  const { environment, recipe, group, state } = snapshot;
  const wanted = <T>(asked: T | null | undefined, found: T) => (asked ?? found) === found;
  return (
    environment !== undefined &&
    maySee(scope, environment) &&
    wanted(filter.environment, environment) &&
    wanted(filter.recipe, recipe) &&
    wanted(filter.group, group) &&
    wanted(filter.state, state)
  );
}

interface AskedLines {
  args: { service: string; tail?: number | null };
  context: RequestContext;
}

async function linesOf({ args, context }: AskedLines): Promise<AsyncIterable<ServiceLogLine[]>> {
  const service = await visibleService(context, args.service);
  if (!service || service.removedAt) {
    throw new RequestError("NO_SUCH_SERVICE", `There is no service ${args.service.slice(0, 80)}.`);
  }
  const lines = tailOf(args.tail);
  const stop = new AbortController();
  const log = await logsOf(context, service, { tail: lines, follow: true, signal: stop.signal });
  return abortable((signal) => {
    signal.addEventListener("abort", () => stop.abort(), { once: true });
    return inBatches(log, batch);
  });
}
