import { Arg, Args, Ctx, FieldResolver, Mutation, Query, Resolver, Root } from "type-graphql";
import { IsNull } from "typeorm";
import { createEnvironment } from "../../domain/create-environment.js";
import { deleteEnvironment } from "../../domain/delete-environment.js";
import { Environment } from "../../domain/environment.js";
import { updateEnvironment } from "../../domain/update-environment.js";
import { assertMayChangeAll, maySee, visibleIn } from "../access.js";
import { servicesWhere } from "../conditions.js";
import type { RequestContext } from "../context.js";
import { runMutation } from "../mutation.js";
import { checkHealth } from "../observe.js";
import { stretchOf } from "../paging.js";
import { toPlain, withoutNulls } from "../plain.js";
import { PageArgs } from "../types/connection.js";
import { EnvironmentHealthType, EnvironmentType } from "../types/environment.js";
import {
  DeleteEnvironmentInput,
  DeleteEnvironmentPayload,
  UpdateEnvironmentInput,
  UpdateEnvironmentPayload,
} from "../types/environment-changes.js";
import { CreateEnvironmentInput } from "../types/inputs.js";
import { CreateEnvironmentPayload } from "../types/payloads.js";
import { ServerType } from "../types/server.js";
import { ServiceConnection } from "../types/service.js";
import { UpdateConnection } from "../types/update.js";

@Resolver(() => EnvironmentType)
export class EnvironmentResolver {
  @Query(() => [EnvironmentType], { description: "All environments, oldest first." })
  async environments(@Ctx() context: RequestContext) {
    const { dataSource } = context.deps;
    const all = await dataSource
      .getRepository(Environment)
      .find({ where: { deletedAt: IsNull() }, order: { id: "ASC" } });
    return all.filter((environment) => maySee(context.scope, environment.code));
  }

  @Query(() => EnvironmentType, { nullable: true, description: "An environment; null: there is none." })
  async environment(
    @Ctx() context: RequestContext,
    @Arg("code", () => String, { description: "Its code, e.g. `DEV`." }) code: string,
  ) {
    const { dataSource } = context.deps;
    return maySee(context.scope, code)
      ? dataSource.getRepository(Environment).findOneBy({ code, deletedAt: IsNull() })
      : null;
  }

  @Mutation(() => CreateEnvironmentPayload, { description: "Adds an environment." })
  createEnvironment(
    @Ctx() context: RequestContext,
    @Arg("input", () => CreateEnvironmentInput, { description: "The new environment." })
    input: CreateEnvironmentInput,
  ) {
    const check = () => assertMayChangeAll(context);
    return runMutation(context, check, async (tx) => ({
      environment: await createEnvironment(tx, withoutNulls(input), context.deps),
    }));
  }

  @Mutation(() => UpdateEnvironmentPayload, {
    description: "Changes an environment; services that use a value which changes get an Update.",
  })
  updateEnvironment(
    @Ctx() context: RequestContext,
    @Arg("input", () => UpdateEnvironmentInput, { description: "Which, and what changes." })
    input: UpdateEnvironmentInput,
  ) {
    const check = () => assertMayChangeAll(context);
    return runMutation(context, check, async (tx) => ({
      environment: await updateEnvironment(tx, toPlain(input), context.deps),
    }));
  }

  @Mutation(() => DeleteEnvironmentPayload, {
    description: "Takes an environment away that has no services; the history of those it had stays.",
  })
  deleteEnvironment(
    @Ctx() context: RequestContext,
    @Arg("input", () => DeleteEnvironmentInput, { description: "Which." }) input: DeleteEnvironmentInput,
  ) {
    const check = () => assertMayChangeAll(context);
    return runMutation(context, check, async (tx) => ({ environment: await deleteEnvironment(tx, input) }));
  }

  @FieldResolver(() => EnvironmentHealthType, { description: "What its engine answers now." })
  health(@Root() environment: Environment, @Ctx() context: RequestContext) {
    return checkHealth(context, environment);
  }

  @FieldResolver(() => ServerType, {
    nullable: true,
    description: "Whom it belongs to: for PROCESS, the server of its host; null: any server works for it.",
  })
  server(@Root() { hostId }: Environment, @Ctx() context: RequestContext) {
    return hostId === null ? null : context.loaders.server.load(hostId);
  }

  @FieldResolver(() => ServiceConnection, { description: "Its services." })
  services(
    @Root() { id }: Environment,
    @Ctx() context: RequestContext,
    @Args(() => PageArgs) args: PageArgs,
  ) {
    const list = context.listings.servicesOfEnvironment;
    return context.loaders.page(list, { parent: id, where: servicesWhere({}) }, stretchOf(args, list));
  }

  @FieldResolver(() => UpdateConnection, { description: "Updates of its services." })
  updates(@Root() { id }: Environment, @Ctx() context: RequestContext, @Args(() => PageArgs) args: PageArgs) {
    const list = context.listings.updatesOfEnvironment;
    const selection = { parent: id, where: visibleIn(context.scope) };
    return context.loaders.page(list, selection, stretchOf(args, list));
  }
}
