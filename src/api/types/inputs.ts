import { Field, ID, InputType, Int } from "type-graphql";
import type { RecipeType } from "../../domain/recipe.js";
import type { RenderedSpec } from "../../domain/rendered-spec.js";
import type { DriverKind } from "../../operations/driver.js";
import { KubernetesConnectionInput, SwarmConnectionInput } from "./engine.js";
import { DriverKindEnum, RecipeTypeEnum, ServiceModeEnum } from "./enums.js";
import { NamedValueInput } from "./environment.js";
import { RecipeSpecInput, SourceInput } from "./recipe-spec.js";

/** The option of a field by which a mutation can be repeated safely. */
export const idempotencyKey = {
  nullable: true,
  description: "Any text of at most 255 characters; the same one again returns the first operation.",
};

@InputType({ description: "A new environment." })
export class CreateEnvironmentInput {
  @Field({ description: "Its unique short name, e.g. `DEV`; never changes." })
  code!: string;

  @Field(() => String, { nullable: true, description: "What it is for." })
  description?: string | null;

  @Field(() => DriverKindEnum, { description: "What runs its services." })
  driver!: DriverKind;

  @Field(() => [NamedValueInput], { nullable: true, description: "Values of its own, for recipes to use." })
  values?: NamedValueInput[] | null;

  @Field(() => Int, {
    nullable: true,
    description: "Operations at once, of all servers together, 1 to 64; 4 when absent.",
  })
  concurrency?: number | null;

  @Field(() => SwarmConnectionInput, {
    nullable: true,
    description: "Its engine; needed for SWARM, and for no other driver.",
  })
  swarm?: SwarmConnectionInput | null;

  @Field(() => KubernetesConnectionInput, {
    nullable: true,
    description: "Its cluster; needed for KUBERNETES, and for no other driver.",
  })
  kubernetes?: KubernetesConnectionInput | null;
}

@InputType({ description: "A new recipe with its first revision." })
export class CreateRecipeInput {
  @Field({ description: "A unique DNS label; never changes." })
  name!: string;

  @Field(() => String, { nullable: true, description: "Any text for people." })
  title?: string | null;

  @Field(() => RecipeTypeEnum, {
    nullable: true,
    description: "What kind of thing it is for; SERVICE when absent.",
  })
  type?: RecipeType | null;

  @Field(() => String, { nullable: true, description: "A finer kind, in your own words." })
  subtype?: string | null;

  @Field(() => String, { nullable: true, description: "What it is for." })
  description?: string | null;

  @Field(() => RecipeSpecInput, { description: "Its spec; what is absent gets its default." })
  spec!: object;

  @Field(() => String, { nullable: true, description: "Why it was made." })
  message?: string | null;
}

@InputType({ description: "The next revision of a recipe." })
export class BumpRecipeInput {
  @Field(() => String, { description: "Name or id of the recipe." })
  recipe!: string;

  @Field(() => Int, {
    nullable: true,
    description:
      "The revision you have seen: when it is no longer the current one, nothing is done (CONFLICT).",
  })
  expectedRevision?: number | null;

  @Field(() => String, {
    nullable: true,
    description:
      "Digest of the preview you have seen: when the bump would do anything else by now, nothing is done (CONFLICT).",
  })
  expectedPreview?: string | null;

  @Field(() => String, { nullable: true, description: "Why, in your own words." })
  message?: string | null;

  @Field(() => String, { nullable: true, description: "A new title; absent stays, null clears." })
  title?: string | null;

  @Field(() => String, { nullable: true, description: "A new description; absent or null stays." })
  description?: string | null;

  @Field(() => RecipeSpecInput, { nullable: true, description: "What changes; absent or null: nothing." })
  spec?: object | null;
}

@InputType({ description: "A value for an input of the recipe." })
export class ServiceInputValue {
  @Field({ description: "Name of the recipe's variable." })
  name!: string;

  @Field({ description: "Its value; for a SECRET it is encrypted and never shown again." })
  value!: string;
}

@InputType({ description: "Under which number a service publishes a port of its recipe." })
export class PublishedPortInput {
  @Field({ description: "Name of the recipe's port." })
  name!: string;

  @Field(() => Int, { description: "The port to publish, 1 to 65535." })
  published!: number;
}

@InputType({ description: "A new service." })
export class DeployServiceInput {
  @Field({ description: "Code of the environment." })
  environment!: string;

  @Field({ description: "Name or id of the recipe." })
  recipe!: string;

  @Field({ description: "A DNS label, unique in the environment." })
  name!: string;

  @Field(() => String, { nullable: true, description: "Any text for people." })
  title?: string | null;

  @Field(() => String, { nullable: true, description: "What it belongs to, in your own words." })
  group?: string | null;

  @Field(() => ServiceModeEnum, {
    nullable: true,
    description: "How replicas are counted; REPLICATED when absent.",
  })
  mode?: RenderedSpec["mode"] | null;

  @Field(() => Int, { nullable: true, description: "How many replicas; 1 when absent." })
  replicas?: number | null;

  @Field(() => SourceInput, {
    nullable: true,
    description: "What differs from the recipe's source, e.g. its branch.",
  })
  source?: object | null;

  @Field(() => [ServiceInputValue], { nullable: true, description: "Values for the recipe's inputs." })
  inputs?: ServiceInputValue[] | null;

  @Field(() => [PublishedPortInput], {
    nullable: true,
    description: "Ports this service publishes under another number than the recipe says.",
  })
  ports?: PublishedPortInput[] | null;

  @Field(() => String, idempotencyKey)
  idempotencyKey?: string | null;
}

@InputType({ description: "A service to remove." })
export class RemoveServiceInput {
  @Field(() => ID, { description: "Id of the service." })
  service!: string;

  @Field(() => String, idempotencyKey)
  idempotencyKey?: string | null;
}

@InputType({ description: "An operation to cancel." })
export class CancelOperationInput {
  @Field(() => ID, { description: "Id of the operation." })
  operation!: string;
}
