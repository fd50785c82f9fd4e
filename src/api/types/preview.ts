import { Field, Int, ObjectType } from "type-graphql";
import type { Recipe } from "../../domain/recipe.js";
import type { RolloutClass } from "../../domain/rollout-class.js";
import { connectionOf } from "./connection.js";
import { RolloutClassEnum } from "./enums.js";
import { Payload } from "./payloads.js";
import { RecipeType } from "./recipe.js";

@ObjectType("PreviewedService", {
  description: "What a bump would mean for one service.",
  simpleResolvers: true,
})
export class PreviewedServiceType {
  @Field(() => RolloutClassEnum, { description: "What its rebuild would do." })
  class!: RolloutClass;

  @Field(() => String, { nullable: true, description: "Why not without downtime; null: without." })
  why!: string | null;

  @Field(() => [String], {
    description: "Required inputs that it has no value for: it cannot be rebuilt before it has.",
  })
  missingInputs!: string[];
}

@ObjectType("PreviewedServiceConnection", {
  description: "A page of a list of PreviewedService, oldest service first.",
  simpleResolvers: true,
})
export class PreviewedServiceConnection extends connectionOf(PreviewedServiceType, "PreviewedService") {}

@ObjectType("PreviewCounts", { description: "How many services of each class.", simpleResolvers: true })
export class PreviewCountsType {
  @Field(() => Int, { description: "That would run just what they run." })
  noOp!: number;

  @Field(() => Int, { description: "That would be replaced without downtime." })
  rolling!: number;

  @Field(() => Int, { description: "That would be down for a moment." })
  downtime!: number;
}

@ObjectType("BumpPreview", { description: "What a bump would come to.", simpleResolvers: true })
export class BumpPreviewType extends Payload {
  @Field(() => RecipeType, { nullable: true, description: "The recipe; null with errors." })
  recipe?: Recipe | null;

  @Field(() => Int, {
    nullable: true,
    description: "Number of the revision it would make; null with errors.",
  })
  toRevision?: number | null;

  @Field(() => String, {
    nullable: true,
    description:
      "Give it to bumpRecipe as `expectedPreview` to have just this done, or nothing; null with errors.",
  })
  digest?: string | null;
}
