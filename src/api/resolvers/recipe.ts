import { Arg, Args, Ctx, FieldResolver, Int, Mutation, Query, Resolver, Root } from "type-graphql";
import { bumpRecipe } from "../../domain/bump-recipe.js";
import { specChanges } from "../../domain/changes.js";
import { createRecipe } from "../../domain/create-recipe.js";
import type { Recipe, RecipeRevision } from "../../domain/recipe.js";
import { assertMayChangeAll, visibleIn } from "../access.js";
import { recipesWhere, servicesWhere } from "../conditions.js";
import type { RequestContext } from "../context.js";
import { runMutation } from "../mutation.js";
import { stretchOf } from "../paging.js";
import { toPlain, withoutNulls } from "../plain.js";
import { PageArgs } from "../types/connection.js";
import { RecipeFilter } from "../types/filters.js";
import { BumpRecipeInput, CreateRecipeInput } from "../types/inputs.js";
import { BumpRecipePayload, CreateRecipePayload } from "../types/payloads.js";
import {
  RecipeConnection,
  RecipeRevisionConnection,
  RecipeRevisionType,
  RecipeType,
} from "../types/recipe.js";
import { RecipeSpecType } from "../types/recipe-spec.js";
import { ServiceConnection } from "../types/service.js";
import { FieldChangeType, UpdateConnection } from "../types/update.js";

@Resolver(() => RecipeType)
export class RecipeResolver {
  @Query(() => RecipeConnection, { description: "Recipes, oldest first." })
  recipes(
    @Ctx() context: RequestContext,
    @Arg("filter", () => RecipeFilter, { nullable: true, description: "Which; all when absent." })
    filter: RecipeFilter | null,
    @Args(() => PageArgs) args: PageArgs,
  ) {
    const list = context.listings.recipes;
    return context.loaders.page(
      list,
      { parent: null, where: recipesWhere(filter ?? {}) },
      stretchOf(args, list),
    );
  }

  @Query(() => RecipeType, { nullable: true, description: "A recipe; null: there is none." })
  recipe(
    @Ctx() context: RequestContext,
    @Arg("name", () => String, { description: "Its name." }) name: string,
  ) {
    return context.loaders.recipeByName.load(name);
  }

  @Mutation(() => CreateRecipePayload, { description: "Adds a recipe with its first revision." })
  createRecipe(
    @Ctx() context: RequestContext,
    @Arg("input", () => CreateRecipeInput, { description: "The new recipe." }) input: CreateRecipeInput,
  ) {
    const check = () => assertMayChangeAll(context);
    return runMutation(context, check, (tx) => createRecipe(tx, withoutNulls(input), context.actor));
  }

  @Mutation(() => BumpRecipePayload, {
    description: "Makes the next revision of a recipe; services that run something else now get an Update.",
  })
  bumpRecipe(
    @Ctx() context: RequestContext,
    @Arg("input", () => BumpRecipeInput, { description: "What changes." }) input: BumpRecipeInput,
  ) {
    const check = () => assertMayChangeAll(context);
    const { actor, deps } = context;
    return runMutation(context, check, (tx) => bumpRecipe(tx, toPlain(input), actor, deps.drivers));
  }

  @FieldResolver(() => RecipeRevisionType, { description: "The newest revision." })
  current(@Root() { id, currentRevision }: Recipe, @Ctx() context: RequestContext) {
    return context.loaders.revisionByNumber.load({ recipeId: id, number: currentRevision });
  }

  @FieldResolver(() => RecipeRevisionConnection, { description: "All revisions, oldest first." })
  revisions(@Root() { id }: Recipe, @Ctx() context: RequestContext, @Args(() => PageArgs) args: PageArgs) {
    const list = context.listings.revisionsOfRecipe;
    return context.loaders.page(list, { parent: id, where: [] }, stretchOf(args, list));
  }

  @FieldResolver(() => ServiceConnection, { description: "The services made from it." })
  services(@Root() { id }: Recipe, @Ctx() context: RequestContext, @Args(() => PageArgs) args: PageArgs) {
    const list = context.listings.servicesOfRecipe;
    const where = [...servicesWhere({}), ...visibleIn(context.scope)];
    return context.loaders.page(list, { parent: id, where }, stretchOf(args, list));
  }
}

/** Pages of revisions are read without their specs, which are large and seldom asked for. */
async function specOf({ id, spec }: Partial<RecipeRevision> & { id: string }, context: RequestContext) {
  return spec ?? (await context.loaders.revision.load(id))!.spec;
}

@Resolver(() => RecipeRevisionType)
export class RecipeRevisionResolver {
  @FieldResolver(() => [FieldChangeType], { description: "What differs from an earlier revision." })
  async changes(
    @Root() revision: RecipeRevision,
    @Ctx() context: RequestContext,
    @Arg("since", () => Int, {
      nullable: true,
      description:
        "Number of the other revision; the one before when absent. 0, or one that is not there: no spec.",
    })
    since: number | null,
  ) {
    const { recipeId, number } = revision;
    const [before, spec] = await Promise.all([
      context.loaders.revisionByNumber.load({ recipeId, number: since ?? number - 1 }),
      specOf(revision, context),
    ]);
    return specChanges(before?.spec ?? null, spec);
  }

  @FieldResolver(() => RecipeSpecType, { description: "What services of this revision are made from." })
  spec(@Root() revision: RecipeRevision, @Ctx() context: RequestContext) {
    return specOf(revision, context);
  }
}

@Resolver(() => BumpRecipePayload)
export class BumpRecipePayloadResolver {
  @FieldResolver(() => UpdateConnection, {
    nullable: true,
    description:
      "The standing Updates of services of this recipe, raised or kept by this bump; null with errors.",
  })
  affected(
    @Root() { recipe }: BumpRecipePayload,
    @Ctx() context: RequestContext,
    @Args(() => PageArgs) args: PageArgs,
  ) {
    const list = context.listings.updatesOfRecipe;
    const stretch = stretchOf(args, list);
    const where = visibleIn(context.scope);
    return recipe ? context.loaders.page(list, { parent: recipe.id, where }, stretch) : null;
  }
}
