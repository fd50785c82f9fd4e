import { Field, ID, InputType } from "type-graphql";
import type { RecipeType } from "../../domain/recipe.js";
import type { OperationKind, OperationState, UpdateReason } from "../../events/event-map.js";
import type { ServiceState } from "../../operations/driver.js";
import {
  OperationKindEnum,
  OperationStateEnum,
  RecipeTypeEnum,
  ServiceStateEnum,
  UpdateKindEnum,
  UpdateReasonEnum,
} from "./enums.js";

@InputType({ description: "Which recipes; what is absent or null does not matter." })
export class RecipeFilter {
  @Field(() => RecipeTypeEnum, { nullable: true, description: "Of this type." })
  type?: RecipeType | null;

  @Field(() => String, { nullable: true, description: "With this subtype." })
  subtype?: string | null;

  @Field(() => Boolean, { nullable: true, description: "Only templates (true) or only others (false)." })
  locked?: boolean | null;

  @Field(() => Boolean, {
    nullable: true,
    description: "Only archived ones (true); those in use when absent or false.",
  })
  archived?: boolean | null;

  @Field(() => String, {
    nullable: true,
    description:
      "Words of name, title, subtype and description, in any language: each word must be the beginning of a word.",
  })
  search?: string | null;
}

@InputType({ description: "Which services; what is absent or null does not matter." })
export class ServiceFilter {
  @Field(() => String, { nullable: true, description: "Of the environment with this code." })
  environment?: string | null;

  @Field(() => String, { nullable: true, description: "Of the recipe with this name." })
  recipe?: string | null;

  @Field(() => String, { nullable: true, description: "Of this group." })
  group?: string | null;

  @Field(() => ServiceStateEnum, { nullable: true, description: "In this state." })
  state?: ServiceState | null;

  @Field(() => Boolean, {
    nullable: true,
    description: "Only those with (true) or without (false) an Update.",
  })
  hasUpdate?: boolean | null;

  @Field(() => String, {
    nullable: true,
    description:
      "Words of name, title and group, in any language: each word must be the beginning of a word.",
  })
  search?: string | null;
}

@InputType({ description: "Which Updates; what is absent or null does not matter." })
export class UpdateFilter {
  @Field(() => String, { nullable: true, description: "In the environment with this code." })
  environment?: string | null;

  @Field(() => String, { nullable: true, description: "Of services of the recipe with this name." })
  recipe?: string | null;

  @Field(() => ID, { nullable: true, description: "Of the service with this id." })
  service?: string | null;

  @Field(() => UpdateKindEnum, { nullable: true, description: "Of this kind." })
  kind?: "UPDATE" | "UPGRADE" | null;

  @Field(() => UpdateReasonEnum, { nullable: true, description: "With this among its reasons." })
  reason?: UpdateReason | null;

  @Field(() => Boolean, {
    nullable: true,
    description:
      "Only those that nobody has read (true) or that somebody has (false); not for subscriptions.",
  })
  unread?: boolean | null;

  @Field(() => String, {
    nullable: true,
    description:
      "Words of the service's name, title and group; not for subscriptions. In any language: each word must be the beginning of a word.",
  })
  search?: string | null;
}

@InputType({ description: "Which operations; what is absent or null does not matter." })
export class OperationFilter {
  @Field(() => String, { nullable: true, description: "In the environment with this code." })
  environment?: string | null;

  @Field(() => ID, { nullable: true, description: "On the service with this id." })
  service?: string | null;

  @Field(() => OperationKindEnum, { nullable: true, description: "Of this kind." })
  kind?: OperationKind | null;

  @Field(() => OperationStateEnum, { nullable: true, description: "In this state." })
  state?: OperationState | null;

  @Field(() => Boolean, {
    nullable: true,
    description: "Only those that wait or run (true) or have ended (false).",
  })
  active?: boolean | null;

  @Field(() => String, { nullable: true, description: "Asked for by the token of this name." })
  requestedBy?: string | null;

  @Field(() => ID, { nullable: true, description: "Part of the bulk rebuild with this id." })
  bulkRebuild?: string | null;

  @Field(() => String, {
    nullable: true,
    description:
      "Words of the service's name, title and group, in any language: each word must be the beginning of a word.",
  })
  search?: string | null;
}

@InputType({ description: "Which services to be told of; what is absent or null does not matter." })
export class ServiceChangeFilter {
  @Field(() => String, { nullable: true, description: "Of the environment with this code." })
  environment?: string | null;

  @Field(() => String, { nullable: true, description: "Of the recipe with this name." })
  recipe?: string | null;

  @Field(() => String, { nullable: true, description: "Of this group." })
  group?: string | null;

  @Field(() => ID, { nullable: true, description: "The one with this id." })
  service?: string | null;

  @Field(() => ServiceStateEnum, { nullable: true, description: "That are in this state then." })
  state?: ServiceState | null;
}
