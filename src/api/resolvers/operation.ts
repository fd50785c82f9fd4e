import { Arg, Args, Ctx, FieldResolver, Mutation, Query, Resolver, Root } from "type-graphql";
import { cancelOperation } from "../../domain/cancel-operation.js";
import { hasEnded } from "../../domain/operation.js";
import { assertMayChangeOperation, visibleBulkRebuild, visibleIn } from "../access.js";
import { operationsWhere } from "../conditions.js";
import type { RequestContext } from "../context.js";
import { runMutation } from "../mutation.js";
import { stretchOf } from "../paging.js";
import { toPlain } from "../plain.js";
import { BulkRebuildType } from "../types/bulk-rebuild.js";
import { PageArgs } from "../types/connection.js";
import { OperationFilter } from "../types/filters.js";
import { CancelOperationInput } from "../types/inputs.js";
import { LogConnection, OperationConnection, OperationType, WaitingType } from "../types/operation.js";
import { CancelOperationPayload } from "../types/payloads.js";
import { ServiceType } from "../types/service.js";
import type { OperationView } from "../views.js";

@Resolver(() => OperationType)
export class OperationResolver {
  @Query(() => OperationConnection, { description: "Operations, oldest first; `last` gives the newest." })
  operations(
    @Ctx() context: RequestContext,
    @Arg("filter", () => OperationFilter, { nullable: true, description: "Which; all when absent." })
    filter: OperationFilter | null,
    @Args(() => PageArgs) args: PageArgs,
  ) {
    const list = context.listings.operations;
    const where = [...operationsWhere(filter ?? {}), ...visibleIn(context.scope)];
    return context.loaders.page(list, { parent: null, where }, stretchOf(args, list));
  }

  @Mutation(() => CancelOperationPayload, {
    description:
      "Ends an operation that waits; asks one that runs to stop, which leaves the old one serving.",
  })
  cancelOperation(
    @Ctx() context: RequestContext,
    @Arg("input", () => CancelOperationInput, { description: "Which operation." })
    input: CancelOperationInput,
  ) {
    const check = () => assertMayChangeOperation(context, input.operation);
    return runMutation(context, check, async (tx) => ({
      operation: await cancelOperation(tx, toPlain(input), context.actor),
    }));
  }

  @FieldResolver(() => ServiceType, { description: "The service it works on." })
  service(@Root() operation: OperationView, @Ctx() context: RequestContext) {
    return context.loaders.service.load(operation.serviceId);
  }

  @FieldResolver(() => BulkRebuildType, {
    nullable: true,
    description: "Which it is part of; null: of none.",
  })
  bulkRebuild(@Root() { bulkRebuildId }: OperationView, @Ctx() context: RequestContext) {
    return bulkRebuildId === null ? null : visibleBulkRebuild(context, bulkRebuildId);
  }

  @FieldResolver(() => WaitingType, {
    nullable: true,
    description: "What it waits for now; null: it is worked on, or has ended.",
  })
  waiting(@Root() { id, state }: OperationView, @Ctx() context: RequestContext) {
    return hasEnded(state) ? null : context.loaders.waiting.load(id);
  }

  @FieldResolver(() => LogConnection, { description: "What was printed while it ran, oldest first." })
  log(@Root() { id }: OperationView, @Ctx() context: RequestContext, @Args(() => PageArgs) args: PageArgs) {
    const list = context.listings.log;
    return context.loaders.page(list, { parent: id, where: [] }, stretchOf(args, list));
  }
}
