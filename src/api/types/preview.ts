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

  @Field({
    description:
      "Whether it is held at a state that was asked for and stays there: for it, the bump makes nothing newer.",
  })
  held!: boolean;

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
  @Field(() => Int, { description: "That run already what they should after it." })
  noOp!: number;

  @Field(() => Int, { description: "That would be replaced without downtime." })
  rolling!: number;

  @Field(() => Int, { description: "That would be down for a moment." })
  downtime!: number;

  @Field(() => Int, { description: "All of them." })
  total!: number;
}

@ObjectType("BumpPreview", { description: "What a bump would come to.", simpleResolvers: true })
export class BumpPreviewType extends Payload {
  @Field(() => RecipeType, { nullable: true, description: "The recipe; null with errors." })
  recipe?: Recipe | null;

  @Field(() => Int, {
    nullable: true,
    description: "Number of the revision that is the newest now; null with errors.",
  })
  fromRevision?: number | null;

  @Field(() => Int, {
    nullable: true,
    description: "Number of the revision it would make; null with errors.",
  })
  toRevision?: number | null;

  @Field(() => String, {
    nullable: true,
    description:
      "Give it to bumpRecipe as `expectedPreview` to have just this done, or nothing. It stands for all services, also those that the token may not see; null with errors.",
  })
  digest?: string | null;
}
