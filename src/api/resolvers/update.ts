import { Arg, Args, Ctx, FieldResolver, Query, Resolver, Root } from "type-graphql";
import { updateKind } from "../../domain/update.js";
import { visibleIn } from "../access.js";
import { updatesWhere } from "../conditions.js";
import type { RequestContext } from "../context.js";
import { stretchOf } from "../paging.js";
import { PageArgs } from "../types/connection.js";
import { UpdateKindEnum } from "../types/enums.js";
import { UpdateFilter } from "../types/filters.js";
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

  @FieldResolver(() => [FieldChangeType], { description: "What a rebuild would change, against what runs." })
  changes(@Root() { fromSpec, toSpec }: UpdateView, @Ctx() context: RequestContext) {
    return context.changes.between(fromSpec, toSpec, (id) => context.loaders.spec.load(id));
  }

  @FieldResolver(() => Boolean, { description: "Whether anybody has read it." })
  read(@Root() update: UpdateView) {
    return update.readAt !== null;
  }
}
