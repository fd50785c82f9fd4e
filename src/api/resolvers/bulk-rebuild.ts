import {
  Arg,
  Args,
  Ctx,
  FieldResolver,
  ID,
  Int,
  Mutation,
  Query,
  Resolver,
  Root,
  Subscription,
} from "type-graphql";
import { bulkSnapshotOf } from "../../domain/bulk-rebuild.js";
import { cancelBulkRebuild } from "../../domain/cancel-bulk-rebuild.js";
import { rebuildAffected } from "../../domain/rebuild-affected.js";
import { RequestError, UserInputError } from "../../errors.js";
import type { BulkRebuildSnapshot, LoggedEvent } from "../../events/event-map.js";
import { visibleBulkRebuild, visibleBulkRebuilds, visibleIn } from "../access.js";
import { bulkRebuildsWhere, updatesWhere } from "../conditions.js";
import type { RequestContext } from "../context.js";
import type { BulkItem } from "../listings.js";
import { runMutation } from "../mutation.js";
import { stretchOf } from "../paging.js";
import { toPlain } from "../plain.js";
import { progressFeed } from "../progress-feed.js";
import {
  BulkRebuildConnection,
  BulkRebuildFilter,
  BulkRebuildItemConnection,
  BulkRebuildItemType,
  BulkRebuildProgressType,
  BulkRebuildType,
  CancelBulkRebuildInput,
  CancelBulkRebuildPayload,
  RebuildAffectedInput,
  RebuildAffectedPayload,
} from "../types/bulk-rebuild.js";
import { PageArgs } from "../types/connection.js";
import { OperationType } from "../types/operation.js";
import { Cursor } from "../types/scalars.js";
import { ServiceType } from "../types/service.js";
import { type BulkRebuildView, bulkRebuildAt } from "../views.js";

@Resolver(() => BulkRebuildType)
export class BulkRebuildResolver {
  @Query(() => BulkRebuildConnection, {
    description: "Bulk rebuilds, oldest first; `last` gives the newest.",
  })
  bulkRebuilds(
    @Ctx() context: RequestContext,
    @Arg("filter", () => BulkRebuildFilter, { nullable: true, description: "Which; all when absent." })
    filter: BulkRebuildFilter | null,
    @Args(() => PageArgs) args: PageArgs,
  ) {
    const list = context.listings.bulkRebuilds;
    const where = [...bulkRebuildsWhere(filter ?? {}), ...visibleBulkRebuilds(context.scope)];
    return context.loaders.page(list, { parent: null, where }, stretchOf(args, list));
  }

  @Mutation(() => RebuildAffectedPayload, {
    description:
      "Rebuilds all services whose Update a filter shows, a few at a time; one thing to watch and cancel.",
  })
  rebuildAffected(
    @Ctx() context: RequestContext,
    @Arg("input", () => RebuildAffectedInput, { description: "Which, and how." }) input: RebuildAffectedInput,
  ) {
    const which = [...updatesWhere(input.filter), ...visibleIn(context.scope)];
    return runMutation(
      context,
      () => {},
      async (tx) => ({ bulkRebuild: await rebuildAffected(tx, toPlain(input), which, context.actor) }),
    );
  }

  @Mutation(() => CancelBulkRebuildPayload, {
    description: "Begins nothing more and asks what runs to stop, which leaves the old ones serving.",
  })
  cancelBulkRebuild(
    @Ctx() context: RequestContext,
    @Arg("input", () => CancelBulkRebuildInput, { description: "Which." }) input: CancelBulkRebuildInput,
  ) {
    const check = () => assertVisible(context, input.bulkRebuild);
    return runMutation(context, check, async (tx) => ({
      bulkRebuild: await cancelBulkRebuild(tx, input, context.actor),
    }));
  }

  @Subscription(() => BulkRebuildProgressType, {
    description: "Follows a bulk rebuild from its beginning on, whenever asked; completes after its end.",
    subscribe: progressOf,
  })
  bulkRebuildProgress(
    @Root() { cursor, payload }: LoggedEvent,
    @Arg("bulkRebuild", () => ID, { description: "Id of the bulk rebuild." }) _bulkRebuild: string,
    @Arg("after", () => Cursor, { nullable: true, description: "Only what happened after this." })
    _after: bigint | null,
  ) {
    return { cursor, bulkRebuild: bulkRebuildAt(payload as BulkRebuildSnapshot) };
  }

  @FieldResolver(() => Int, { description: "How many have not been begun." })
  waiting(@Root() { total, running, succeeded, failed, skipped }: BulkRebuildView): number {
    return total - running - succeeded - failed - skipped;
  }

  @FieldResolver(() => BulkRebuildItemConnection, { description: "Its services." })
  items(
    @Root() { id }: BulkRebuildView,
    @Ctx() context: RequestContext,
    @Args(() => PageArgs) args: PageArgs,
  ) {
    const list = context.listings.bulkRebuildItems;
    return context.loaders.page(list, { parent: id, where: [] }, stretchOf(args, list));
  }
}

@Resolver(() => BulkRebuildItemType)
export class BulkRebuildItemResolver {
  @FieldResolver(() => ServiceType, { description: "The service." })
  service(@Root() { serviceId }: BulkItem, @Ctx() context: RequestContext) {
    return context.loaders.service.load(serviceId);
  }

  @FieldResolver(() => OperationType, { nullable: true, description: "Its rebuild; null: none was begun." })
  operation(@Root() { operationId }: BulkItem, @Ctx() context: RequestContext) {
    return operationId === null ? null : context.loaders.operation.load(operationId);
  }
}

/** @throws UserInputError NOT_FOUND, as if it were not there */
async function assertVisible(context: RequestContext, id: string): Promise<void> {
  if (context.scope.environments !== null && !(await visibleBulkRebuild(context, id))) {
    throw new UserInputError("NOT_FOUND", `There is no bulk rebuild ${id.slice(0, 80)}.`, ["bulkRebuild"]);
  }
}

async function progressOf(asked: {
  args: { bulkRebuild: string; after?: bigint | null };
  context: RequestContext;
}) {
  const { args, context } = asked;
  const bulk = await visibleBulkRebuild(context, args.bulkRebuild);
  if (!bulk) {
    const message = `There is no bulk rebuild ${args.bulkRebuild.slice(0, 80)}.`;
    throw new RequestError("NO_SUCH_OPERATION", message);
  }
  return progressFeed(context, {
    id: bulk.id,
    after: args.after ?? null,
    ended: bulk.finishedAt !== null,
    now: { type: "BULK_REBUILD_CHANGED", payload: bulkSnapshotOf(bulk) },
    isLast: ({ payload }) => (payload as BulkRebuildSnapshot).finishedAt !== null,
  });
}
