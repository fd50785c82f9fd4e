import { Arg, Ctx, ID, Query, Resolver } from "type-graphql";
import { kindOf } from "../../domain/id.js";
import { currentCursor } from "../../storage/transaction.js";
import { visibleBulkRebuild, visibleEnvironment, visibleService } from "../access.js";
import type { RequestContext } from "../context.js";
import { NodeType } from "../types/node.js";
import { Cursor } from "../types/scalars.js";

@Resolver()
export class NodeResolver {
  @Query(() => NodeType, { nullable: true, description: "Anything by its id; null: there is no such thing." })
  async node(@Ctx() context: RequestContext, @Arg("id", () => ID, { description: "Its id." }) id: string) {
    const { loaders } = context;
    switch (kindOf(id)) {
      case "environment":
        return visibleEnvironment(context, id);
      case "recipe":
        return loaders.recipe.load(id);
      case "revision":
        return loaders.revision.load(id);
      case "service":
        return visibleService(context, id);
      case "update":
        return ifVisible(context, await loaders.update.load(id));
      case "credential":
        return context.scope.environments === null ? loaders.credential.load(id) : null;
      case "token":
        return context.scope.environments === null ? loaders.accessToken.load(id) : null;
      case "bulkRebuild":
        return visibleBulkRebuild(context, id);
      case "operation":
        return ifVisible(context, await loaders.operation.load(id));
      default:
        return null;
    }
  }

  @Query(() => Cursor, { description: "Now: list what is, then subscribe `after` this to miss nothing." })
  cursor(@Ctx() context: RequestContext) {
    return currentCursor(context.deps.dataSource.manager);
  }
}

async function ifVisible<T extends { environmentId: string }>(context: RequestContext, node: T | null) {
  return node && (await visibleEnvironment(context, node.environmentId)) ? node : null;
}
