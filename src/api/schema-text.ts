import { type GraphQLSchema, lexicographicSortSchema, printSchema } from "graphql";

/** The schema as it is committed for clients and readers: sorted, with all descriptions. */
export function schemaText(schema: GraphQLSchema): string {
  return `${printSchema(lexicographicSortSchema(schema))}\n`;
}
