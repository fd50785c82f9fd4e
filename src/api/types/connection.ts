import { ArgsType, Field, Int, ObjectType } from "type-graphql";

@ArgsType()
export class PageArgs {
  @Field(() => Int, {
    nullable: true,
    description: "How many from the front, 1 to 100; 20 without `first` and `last`.",
  })
  first?: number | null;

  @Field(() => String, { nullable: true, description: "Only what comes after this edge's cursor." })
  after?: string | null;

  @Field(() => Int, {
    nullable: true,
    description: "How many from the end, 1 to 100; not together with `first`.",
  })
  last?: number | null;

  @Field(() => String, { nullable: true, description: "Only what comes before this edge's cursor." })
  before?: string | null;
}

@ObjectType("PageInfo", { description: "Where a page lies in its list.", simpleResolvers: true })
export class PageInfoType {
  @Field({ description: "Whether there is more after this page." })
  hasNextPage!: boolean;

  @Field({ description: "Whether there is more before this page." })
  hasPreviousPage!: boolean;

  @Field(() => String, { nullable: true, description: "Cursor of the first edge; null on an empty page." })
  startCursor!: string | null;

  @Field(() => String, { nullable: true, description: "Cursor of the last edge; null on an empty page." })
  endCursor!: string | null;
}

type NodeClass = abstract new () => object;

function edgeOf(node: NodeClass, name: string) {
  @ObjectType(`${name}Edge`, { description: `One ${name} of a page.`, simpleResolvers: true })
  abstract class Edge {
    @Field(() => node, { description: "What the edge leads to." })
    node!: object;

    @Field(() => String, { description: "Opaque; for the arguments `after` and `before` of the same list." })
    cursor!: string;
  }
  return Edge;
}

/**
 * The base of a Relay connection to `node`. What it is resolved from is `Page` of ../paging.ts.
 * @param name of the node's type; connection types are called `<name>Connection`
 */
export function connectionOf(node: NodeClass, name: string) {
  const edge = edgeOf(node, name);
  @ObjectType({ description: "A page of a list.", simpleResolvers: true })
  abstract class Connection {
    @Field(() => [edge], { description: "The entries of this page." })
    edges!: object[];

    @Field(() => PageInfoType, { description: "Where this page lies in the list." })
    pageInfo!: PageInfoType;

    @Field(() => Int, { description: "How many the whole list has." })
    totalCount!: number;
  }
  return Connection;
}
