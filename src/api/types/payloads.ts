import { Field, ObjectType } from "type-graphql";
import type { Environment } from "../../domain/environment.js";
import type { Recipe, RecipeRevision } from "../../domain/recipe.js";
import type { Service } from "../../domain/service.js";
import type { UserErrorCode } from "../../errors.js";
import type { OperationView } from "../views.js";
import { UserErrorCodeEnum } from "./enums.js";
import { EnvironmentType } from "./environment.js";
import { OperationType } from "./operation.js";
import { RecipeRevisionType, RecipeType } from "./recipe.js";
import { Cursor } from "./scalars.js";
import { ServiceType } from "./service.js";

@ObjectType("UserError", {
  description: "Something in the input that its sender can put right.",
  simpleResolvers: true,
})
export class UserErrorType {
  @Field(() => UserErrorCodeEnum, { description: "Stable, for programs." })
  code!: UserErrorCode;

  @Field(() => [String], {
    nullable: true,
    description: 'Where in the input, e.g. `["spec", "ports", "0", "target"]`; null: it is about no field.',
  })
  field!: string[] | null;

  @Field({ description: "For people: what is wrong and what is allowed." })
  message!: string;
}

@ObjectType({ description: "What a mutation answers.", simpleResolvers: true })
export abstract class Payload {
  @Field(() => [UserErrorType], { description: "What to put right; when there is any, nothing was done." })
  errors!: UserErrorType[];
}

@ObjectType({ description: "What a mutation with events answers.", simpleResolvers: true })
export abstract class EventfulPayload extends Payload {
  @Field(() => Cursor, { description: "Where the event log stood just before this mutation's own events." })
  cursor!: bigint;
}

@ObjectType({ description: "What createEnvironment answers.", simpleResolvers: true })
export class CreateEnvironmentPayload extends Payload {
  @Field(() => EnvironmentType, { nullable: true, description: "The new environment; null with errors." })
  environment?: Environment | null;
}

@ObjectType({ description: "What createRecipe answers.", simpleResolvers: true })
export class CreateRecipePayload extends Payload {
  @Field(() => RecipeType, { nullable: true, description: "The new recipe; null with errors." })
  recipe?: Recipe | null;

  @Field(() => RecipeRevisionType, { nullable: true, description: "Its first revision; null with errors." })
  revision?: RecipeRevision | null;
}

@ObjectType({ description: "What bumpRecipe answers.", simpleResolvers: true })
export class BumpRecipePayload extends EventfulPayload {
  @Field(() => RecipeType, { nullable: true, description: "The recipe; null with errors." })
  recipe?: Recipe | null;

  @Field(() => RecipeRevisionType, { nullable: true, description: "Its new revision; null with errors." })
  revision?: RecipeRevision | null;
}

@ObjectType({ description: "What deployService answers.", simpleResolvers: true })
export class DeployServicePayload extends EventfulPayload {
  @Field(() => ServiceType, { nullable: true, description: "The new service; null with errors." })
  service?: Service | null;

  @Field(() => OperationType, { nullable: true, description: "Its first deploy; null with errors." })
  operation?: OperationView | null;
}

@ObjectType({ description: "What removeService answers.", simpleResolvers: true })
export class RemoveServicePayload extends EventfulPayload {
  @Field(() => OperationType, {
    nullable: true,
    description: "The removal, queued or running; null with errors.",
  })
  operation?: OperationView | null;
}

@ObjectType({ description: "What cancelOperation answers.", simpleResolvers: true })
export class CancelOperationPayload extends EventfulPayload {
  @Field(() => OperationType, {
    nullable: true,
    description: "The operation, which ends soon; null with errors.",
  })
  operation?: OperationView | null;
}
