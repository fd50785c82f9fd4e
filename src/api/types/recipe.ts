import { Field, Int, ObjectType } from "type-graphql";
import type { RecipeType as RecipeKind } from "../../domain/recipe.js";
import { connectionOf } from "./connection.js";
import { RecipeTypeEnum } from "./enums.js";
import { NodeType } from "./node.js";
import { DateTime } from "./scalars.js";

@ObjectType("Recipe", {
  implements: NodeType,
  description: "A named template for services, the same for every driver; its spec lives in its revisions.",
  simpleResolvers: true,
})
export class RecipeType extends NodeType {
  @Field({ description: "A unique DNS label; never changes." })
  name!: string;

  @Field(() => String, { nullable: true, description: "Any text for people." })
  title!: string | null;

  @Field(() => RecipeTypeEnum, { description: "What kind of thing it is for." })
  type!: RecipeKind;

  @Field(() => String, { nullable: true, description: "A finer kind, in your own words." })
  subtype!: string | null;

  @Field({ description: "What it is for." })
  description!: string;

  @Field({ description: "Whether it is a template that can be copied but not bumped." })
  locked!: boolean;

  @Field(() => DateTime, {
    nullable: true,
    description: "Since when it takes no more changes; null: it does.",
  })
  archivedAt!: Date | null;
}

@ObjectType("RecipeRevision", {
  implements: NodeType,
  description: "One version of a recipe's spec, which never changes: 1, 2, 3…",
  simpleResolvers: true,
})
export class RecipeRevisionType extends NodeType {
  @Field(() => Int, { description: "Its number, from 1." })
  number!: number;

  @Field(() => String, { nullable: true, description: "Why it was made, in its author's words." })
  message!: string | null;

  @Field({ description: "Name of the token that made it." })
  author!: string;

  @Field(() => DateTime, { description: "When it was made." })
  createdAt!: Date;
}

@ObjectType("RecipeConnection", {
  description: "A page of a list of Recipe, oldest first.",
  simpleResolvers: true,
})
export class RecipeConnection extends connectionOf(RecipeType, "Recipe") {}

@ObjectType("RecipeRevisionConnection", {
  description: "A page of a list of RecipeRevision, oldest first.",
  simpleResolvers: true,
})
export class RecipeRevisionConnection extends connectionOf(RecipeRevisionType, "RecipeRevision") {}
