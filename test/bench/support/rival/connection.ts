import { ArgsType, type ClassType, Field, Int, ObjectType } from "type-graphql";
import {
  type FindOptionsOrder,
  type FindOptionsWhere,
  MoreThan,
  type ObjectLiteral,
  type Repository,
} from "typeorm";

@ArgsType()
export class PageArgs {
  @Field(() => Int, { nullable: true })
  first?: number | null;

  @Field(() => String, { nullable: true })
  after?: string | null;
}

@ObjectType()
class PageInfo {
  @Field()
  hasNextPage!: boolean;

  @Field()
  hasPreviousPage!: boolean;

  @Field(() => String, { nullable: true })
  startCursor!: string | null;

  @Field(() => String, { nullable: true })
  endCursor!: string | null;
}

/** What a connection is resolved from; `where` is for its counts. */
export interface Page<T> {
  edges: { node: T; cursor: string }[];
  pageInfo: PageInfo;
  where: FindOptionsWhere<T>;
}

/** A Relay connection, the way type-graphql's documentation shows for generic types. */
export function connectionOf<T extends object>(node: ClassType<T>) {
  @ObjectType(`${node.name}Edge`)
  class Edge {
    @Field(() => node)
    node!: T;

    @Field()
    cursor!: string;
  }
  @ObjectType(`${node.name}Connection`)
  class Connection {
    @Field(() => [Edge])
    edges!: Edge[];

    @Field(() => PageInfo)
    pageInfo!: PageInfo;

    where!: FindOptionsWhere<T>;
  }
  return Connection;
}

/** Keyset paging through a repository: one more than asked for tells whether there is more. */
export async function findPage<T extends ObjectLiteral & { id: string }>(
  repository: Repository<T>,
  where: FindOptionsWhere<T>,
  { first, after }: PageArgs,
): Promise<Page<T>> {
  const limit = first ?? 20;
  const beyond = after ? { id: MoreThan(Buffer.from(after, "base64url").toString()) } : {};
  const rows = await repository.find({
    where: { ...where, ...beyond } as FindOptionsWhere<T>,
    order: { id: "ASC" } as FindOptionsOrder<T>,
    take: limit + 1,
  });
  const edges = rows
    .slice(0, limit)
    .map((node) => ({ node, cursor: Buffer.from(node.id).toString("base64url") }));
  return {
    edges,
    pageInfo: {
      hasNextPage: rows.length > limit,
      hasPreviousPage: Boolean(after),
      startCursor: edges[0]?.cursor ?? null,
      endCursor: edges.at(-1)?.cursor ?? null,
    },
    where,
  };
}
