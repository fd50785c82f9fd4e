import { Arg, Args, Ctx, FieldResolver, Int, Mutation, Query, Resolver, Root } from "type-graphql";
import { missingOf } from "../../domain/bind.js";
import { markUpdatesRead } from "../../domain/mark-updates-read.js";
import { updateKind } from "../../domain/update.js";
import { UserInputError } from "../../errors.js";
import { visibleIn } from "../access.js";
import { updatesWhere } from "../conditions.js";
import type { RequestContext } from "../context.js";
import type { Condition } from "../listings.js";
import { runMutation } from "../mutation.js";
import { stretchOf } from "../paging.js";
import { PageArgs } from "../types/connection.js";
import { UpdateKindEnum } from "../types/enums.js";
import { UpdateFilter } from "../types/filters.js";
import { MarkUpdatesReadInput, MarkUpdatesReadPayload } from "../types/read-marks.js";
import { ServiceType } from "../types/service.js";
import { FieldChangeType, UpdateConnection, UpdateType } from "../types/update.js";
import type { UpdateView } from "../views.js";

@Resolver(() => UpdateType)
export class UpdateResolver {
  @Query(() => UpdateConnection, {
    description: "All services that do not run what they should, oldest first.",
  })
  updates(
    @Ctx() context: RequestContext,
    @Arg("filter", () => UpdateFilter, { nullable: true, description: "Which; all when absent." })
    filter: UpdateFilter | null,
    @Args(() => PageArgs) args: PageArgs,
  ) {
    const list = context.listings.updates;
    const where = [...updatesWhere(filter ?? {}), ...visibleIn(context.scope)];
    return context.loaders.page(list, { parent: null, where }, stretchOf(args, list));
  }

  @Mutation(() => MarkUpdatesReadPayload, {
    description: "Marks Updates as read, for everybody; those that change or arise later are unread again.",
  })
  markUpdatesRead(
    @Ctx() context: RequestContext,
    @Arg("input", () => MarkUpdatesReadInput, { description: "Which." }) input: MarkUpdatesReadInput,
  ) {
    return runMutation(
      context,
      () => assertNamed(input),
      async (tx) => {
        const mark = { read: input.read ?? true, upTo: input.upTo ?? null };
        return { count: await markUpdatesRead(tx, namedUpdates(context, input), mark) };
      },
    );
  }

  @FieldResolver(() => ServiceType, { description: "The service that does not run what it should." })
  service(@Root() update: UpdateView, @Ctx() context: RequestContext) {
    return context.loaders.service.load(update.serviceId);
  }

  @FieldResolver(() => UpdateKindEnum, {
    description: "UPDATE when new code is the only reason, else UPGRADE.",
  })
  kind(@Root() update: UpdateView) {
    return updateKind(update.reasons);
  }

  @FieldResolver(() => [FieldChangeType], {
    description:
      "What a rebuild would change, against what was deployed; last, what it would undo: the changes in `drift`.",
  })
  async changes(@Root() update: UpdateView, @Ctx() context: RequestContext) {
    const { fromSpec, toSpec, fromCommit, toCommit } = update;
    const changes = await context.changes.between(fromSpec, toSpec, (id) => context.loaders.spec.load(id));
    const code = { path: ["commit"], before: fromCommit, after: toCommit, secret: false };
    return [...(toCommit === null ? [] : [code]), ...changes, ...(update.drift ?? [])];
  }

  @FieldResolver(() => [FieldChangeType], {
    description:
      "What somebody changed by hand on the engine, in the engine's terms: `before` is what was deployed, `after` what the engine has instead.",
  })
  drift(@Root() update: UpdateView) {
    return update.drift ?? [];
  }

  @FieldResolver(() => [String], {
    description:
      "Required inputs that the service has no value for: give them with setServiceInputs before it is rebuilt.",
  })
  async missingInputs(@Root() { toSpec }: UpdateView, @Ctx() context: RequestContext) {
    const { base, inputs } = await context.loaders.spec.load(toSpec);
    return missingOf(base.inputs, inputs).map(({ name }) => name);
  }

  @FieldResolver(() => Boolean, { description: "Whether anybody has read it." })
  read(@Root() update: UpdateView) {
    return update.readAt !== null;
  }
}

@Resolver(() => MarkUpdatesReadPayload)
export class MarkUpdatesReadPayloadResolver {
  @FieldResolver(() => Int, { description: "How many of all Updates are unread now." })
  unreadCount(@Ctx() context: RequestContext) {
    const where = [...updatesWhere({ unread: true }), ...visibleIn(context.scope)];
    return context.loaders.count(context.listings.updates, { parent: null, where });
  }
}

function namedUpdates(context: RequestContext, { updates, filter }: MarkUpdatesReadInput): Condition[] {
  return [
    ...(updates ? [{ sql: "t.id = any(?::text[])", values: [updates] }] : []),
    ...(filter ? updatesWhere(filter) : []),
    ...visibleIn(context.scope),
  ];
}

/** @throws UserInputError INVALID: nobody means all Updates by leaving everything out */
function assertNamed({ updates, filter }: MarkUpdatesReadInput): void {
  if (!updates && !filter) {
    const message = "Name updates, or give a filter; an empty filter means all.";
    throw new UserInputError("INVALID", message, ["updates"]);
  }
}
