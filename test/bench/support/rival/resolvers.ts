import { Arg, Args, Ctx, FieldResolver, Int, ObjectType, Query, Resolver, Root } from "type-graphql";
import { IsNull } from "typeorm";
import { bind } from "../../../../src/domain/bind.js";
import { changesBetween } from "../../../../src/domain/changes.js";
import { updateKind } from "../../../../src/domain/update.js";
import { connectionOf, findPage, type Page, PageArgs } from "./connection.js";
import type { Context } from "./context.js";
import { Environment, FieldChange, Recipe, RecipeRevision, Service, Update, UpdateKind } from "./types.js";

@ObjectType()
class ServiceConnection extends connectionOf(Service) {}
@ObjectType()
class UpdateConnection extends connectionOf(Update) {}
@ObjectType()
class RecipeRevisionConnection extends connectionOf(RecipeRevision) {}

@Resolver(() => ServiceConnection)
class ServiceConnectionResolver {
  @FieldResolver(() => Int)
  totalCount(@Root() { where }: ServiceConnection, @Ctx() { dataSource }: Context) {
    return dataSource.getRepository(Service).countBy(where);
  }
}

@Resolver(() => UpdateConnection)
class UpdateConnectionResolver {
  @FieldResolver(() => Int)
  totalCount(@Root() { where }: UpdateConnection, @Ctx() { dataSource }: Context) {
    return dataSource.getRepository(Update).countBy(where);
  }

  @FieldResolver(() => Int)
  unreadCount(@Root() { where }: UpdateConnection, @Ctx() { dataSource }: Context) {
    return dataSource.getRepository(Update).countBy({ ...where, readAt: IsNull() });
  }
}

@Resolver(() => RecipeRevisionConnection)
class RevisionConnectionResolver {
  @FieldResolver(() => Int)
  totalCount(@Root() { where }: RecipeRevisionConnection, @Ctx() { dataSource }: Context) {
    return dataSource.getRepository(RecipeRevision).countBy(where);
  }
}

@Resolver(() => Service)
class ServiceResolver {
  @Query(() => ServiceConnection)
  services(@Ctx() { dataSource }: Context, @Args(() => PageArgs) args: PageArgs): Promise<Page<Service>> {
    return findPage(dataSource.getRepository(Service), { removedAt: IsNull() }, args);
  }

  @FieldResolver(() => Environment)
  environment(@Root() service: Service, @Ctx() { environments }: Context) {
    return environments.load(service.environmentId);
  }

  @FieldResolver(() => Recipe)
  recipe(@Root() service: Service, @Ctx() { recipes }: Context) {
    return recipes.load(service.recipeId);
  }

  @FieldResolver(() => Update, { nullable: true })
  update(@Root() service: Service, @Ctx() { updatesOfServices }: Context) {
    return updatesOfServices.load(service.id);
  }
}

@Resolver(() => Update)
class UpdateResolver {
  @Query(() => UpdateConnection)
  updates(@Ctx() { dataSource }: Context, @Args(() => PageArgs) args: PageArgs): Promise<Page<Update>> {
    return findPage(dataSource.getRepository(Update), {}, args);
  }

  @FieldResolver(() => Service)
  service(@Root() update: Update, @Ctx() { services }: Context) {
    return services.load(update.serviceId);
  }

  @FieldResolver(() => UpdateKind)
  kind(@Root() update: Update) {
    return updateKind(update.reasons);
  }

  @FieldResolver(() => Boolean)
  read(@Root() update: Update) {
    return update.readAt !== null;
  }

  @FieldResolver(() => [FieldChange])
  async changes(@Root() { fromSpec, toSpec }: Update, @Ctx() { specs }: Context) {
    const [before, after] = await Promise.all([fromSpec ? specs.load(fromSpec) : null, specs.load(toSpec)]);
    return changesBetween(before && bind(before.base, before), bind(after.base, after));
  }
}

@Resolver(() => Recipe)
class RecipeResolver {
  @Query(() => Recipe, { nullable: true })
  recipe(@Ctx() { dataSource }: Context, @Arg("name") name: string) {
    return dataSource.getRepository(Recipe).findOneBy({ name });
  }

  @FieldResolver(() => RecipeRevision)
  current(@Root() recipe: Recipe, @Ctx() { dataSource }: Context) {
    const where = { recipeId: recipe.id, number: recipe.currentRevision };
    return dataSource.getRepository(RecipeRevision).findOneByOrFail(where);
  }

  @FieldResolver(() => RecipeRevisionConnection)
  revisions(@Root() recipe: Recipe, @Ctx() { dataSource }: Context, @Args(() => PageArgs) args: PageArgs) {
    return findPage(dataSource.getRepository(RecipeRevision), { recipeId: recipe.id }, args);
  }
}

export const rivalResolvers = [
  ServiceConnectionResolver,
  UpdateConnectionResolver,
  RevisionConnectionResolver,
  ServiceResolver,
  UpdateResolver,
  RecipeResolver,
] as const;
