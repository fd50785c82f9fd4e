import { Field, ID, InterfaceType } from "type-graphql";
import { type IdKind, kindOf } from "../../domain/id.js";

const typeNames: Partial<Record<IdKind, string>> = {
  environment: "Environment",
  recipe: "Recipe",
  revision: "RecipeRevision",
  service: "Service",
  update: "Update",
  operation: "Operation",
  credential: "Credential",
  token: "AccessToken",
  bulkRebuild: "BulkRebuild",
};

/** The name of the GraphQL type that an id belongs to. */
export function typeNameOf(id: string): string | undefined {
  const kind = kindOf(id);
  return kind ? typeNames[kind] : undefined;
}

@InterfaceType("Node", {
  description: "Something with a globally unique id, by which `Query.node` finds it again.",
  resolveType: (value: { id: string }) => typeNameOf(value.id),
})
export abstract class NodeType {
  @Field(() => ID, { description: "Globally unique, opaque, and never used again." })
  id!: string;
}
