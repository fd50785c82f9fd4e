import { Arg, Args, Ctx, FieldResolver, Int, Query, Resolver, Root } from "type-graphql";
import { Service } from "../../domain/service.js";
import { maySee, visibleIn } from "../access.js";
import { servicesWhere } from "../conditions.js";
import type { RequestContext } from "../context.js";
import { ignoredFields } from "../ignored-fields.js";
import { observe } from "../observe.js";
import { stretchOf } from "../paging.js";
import { PageArgs } from "../types/connection.js";
import { EnvironmentType } from "../types/environment.js";
import { ServiceFilter } from "../types/filters.js";
import { OperationConnection, OperationType } from "../types/operation.js";
import { RecipeType } from "../types/recipe.js";
import {
  InputType,
  NewestCommitType,
  PublishedPortType,
  ServiceConnection,
  ServiceType,
  TaskType,
} from "../types/service.js";
import { UpdateType } from "../types/update.js";

@Resolver(() => ServiceType)
export class ServiceResolver {
  @Query(() => ServiceConnection, { description: "Services, oldest first." })
  services(
    @Ctx() context: RequestContext,
    @Arg("filter", () => ServiceFilter, { nullable: true, description: "Which; all when absent." })
    filter: ServiceFilter | null,
    @Args(() => PageArgs) args: PageArgs,
  ) {
    const list = context.listings.services;
    const where = [...servicesWhere(filter ?? {}), ...visibleIn(context.scope)];
    return context.loaders.page(list, { parent: null, where }, stretchOf(args, list));
  }

  @Query(() => ServiceType, { nullable: true, description: "A service; null: there is none." })
  async service(
    @Ctx() context: RequestContext,
    @Arg("environment", () => String, { description: "Code of its environment." }) environment: string,
    @Arg("name", () => String, { description: "Its name." }) name: string,
  ) {
    if (!maySee(context.scope, environment)) {
      return null;
    }
    const [found] = await context.reads.query(
      `select ${context.listings.services.columns} from service t join environment e on e.id = t.environment_id
       where e.code = $1 and e.deleted_at is null and t.name = $2 and t.removed_at is null`,
      [environment, name],
    );
    return found ? context.listings.services.toNode(found) : null;
  }
}

@Resolver(() => ServiceType)
export class ServiceFieldsResolver {
  @FieldResolver(() => EnvironmentType, { description: "Where it runs." })
  environment(@Root() service: Service, @Ctx() context: RequestContext) {
    return context.loaders.environment.load(service.environmentId);
  }

  @FieldResolver(() => RecipeType, { description: "What it is made from." })
  recipe(@Root() service: Service, @Ctx() context: RequestContext) {
    return context.loaders.recipe.load(service.recipeId);
  }

  @FieldResolver(() => Int, {
    nullable: true,
    description:
      "Revision of the recipe that runs; null before the first deploy, or of an adopted service the first rebuild, has ended well.",
  })
  revision(@Root() service: Service) {
    return service.deployedRevision;
  }

  @FieldResolver(() => String, {
    nullable: true,
    description: "Full hash of the commit that runs; null: none.",
  })
  commit(@Root() service: Service) {
    return service.deployedCommit;
  }

  @FieldResolver(() => String, {
    nullable: true,
    description:
      "The image that runs, with its digest where the registry gives one; null: none, or a driver that ignores images.",
  })
  image(@Root() service: Service) {
    return service.deployedImage;
  }

  @FieldResolver(() => [TaskType], {
    description: "Its replicas as they are now; none when its engine cannot be asked.",
  })
  async tasks(@Root() service: Service, @Ctx() context: RequestContext) {
    return (await observe(context, service))?.tasks ?? [];
  }

  @FieldResolver(() => [PublishedPortType], {
    description: "Where it can be reached; none when its engine cannot be asked.",
  })
  async ports(@Root() service: Service, @Ctx() context: RequestContext) {
    return (await observe(context, service))?.ports ?? [];
  }

  @FieldResolver(() => [InputType], {
    description: "What it was given for the recipe's inputs, without secrets.",
  })
  inputs(@Root() service: Service): InputType[] {
    return service.inputs.map((input) =>
      "secret" in input
        ? { name: input.name, value: null, secret: true }
        : { name: input.name, value: input.value, secret: false },
    );
  }

  @FieldResolver(() => [String], {
    description: "Fields of the recipe's newest spec that this environment's driver does not apply.",
  })
  ignoredFields(@Root() service: Service, @Ctx() context: RequestContext) {
    return ignoredFields(context, service);
  }

  @FieldResolver(() => NewestCommitType, {
    nullable: true,
    description: "What is known of the branch it follows; null: it follows none.",
  })
  newestCommit(@Root() { sourceKey }: Service, @Ctx() context: RequestContext) {
    return sourceKey === null ? null : context.loaders.sourceHead.load(sourceKey);
  }

  @FieldResolver(() => UpdateType, {
    nullable: true,
    description: "Why it should be rebuilt; null: it runs what it should.",
  })
  update(@Root() service: Service, @Ctx() context: RequestContext) {
    return context.loaders.updateByService.load(service.id);
  }

  @FieldResolver(() => OperationType, {
    nullable: true,
    description: "The one that runs, or else waits; null: none.",
  })
  operation(@Root() service: Service, @Ctx() context: RequestContext) {
    return context.loaders.activeOperationByService.load(service.id);
  }

  @FieldResolver(() => OperationConnection, { description: "All operations on it, oldest first." })
  operations(@Root() { id }: Service, @Ctx() context: RequestContext, @Args(() => PageArgs) args: PageArgs) {
    const list = context.listings.operationsOfService;
    return context.loaders.page(list, { parent: id, where: [] }, stretchOf(args, list));
  }
}
