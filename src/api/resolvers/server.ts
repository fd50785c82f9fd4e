import { Ctx, Query, Resolver } from "type-graphql";
import { allServers } from "../../domain/server.js";
import type { RequestContext } from "../context.js";
import { ServerType } from "../types/server.js";

@Resolver(() => ServerType)
export class ServerResolver {
  @Query(() => [ServerType], { description: "The servers that share this database, oldest first." })
  servers(@Ctx() { reads }: RequestContext) {
    return allServers(reads);
  }
}
