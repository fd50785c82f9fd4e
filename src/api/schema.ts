import "reflect-metadata";
import type { GraphQLSchema } from "graphql";
import { buildSchemaSync } from "type-graphql";
import { AccessTokenResolver } from "./resolvers/access-token.js";
import { AdoptionResolver } from "./resolvers/adoption.js";
import { BulkRebuildItemResolver, BulkRebuildResolver } from "./resolvers/bulk-rebuild.js";
import { CatalogResolver } from "./resolvers/catalog.js";
import { CredentialResolver } from "./resolvers/credential.js";
import { EnvironmentResolver } from "./resolvers/environment.js";
import { NodeResolver } from "./resolvers/node.js";
import { OperationResolver } from "./resolvers/operation.js";
import { OperationSubscriptions } from "./resolvers/operation-subscriptions.js";
import { PreviewedServiceResolver, PreviewResolver } from "./resolvers/preview.js";
import { BumpRecipePayloadResolver, RecipeResolver, RecipeRevisionResolver } from "./resolvers/recipe.js";
import { ServerResolver } from "./resolvers/server.js";
import { ServiceFieldsResolver, ServiceResolver } from "./resolvers/service.js";
import { ServiceFeeds, ServiceLogsResolver } from "./resolvers/service-feeds.js";
import { ServiceMutations } from "./resolvers/service-mutations.js";
import { MarkUpdatesReadPayloadResolver, UpdateResolver } from "./resolvers/update.js";
import { UpdateSubscriptions } from "./resolvers/update-subscriptions.js";

const resolvers = [
  new NodeResolver(),
  new EnvironmentResolver(),
  new AdoptionResolver(),
  new ServerResolver(),
  new RecipeResolver(),
  new RecipeRevisionResolver(),
  new BumpRecipePayloadResolver(),
  new BulkRebuildResolver(),
  new BulkRebuildItemResolver(),
  new CatalogResolver(),
  new PreviewResolver(),
  new PreviewedServiceResolver(),
  new CredentialResolver(),
  new AccessTokenResolver(),
  new ServiceResolver(),
  new ServiceMutations(),
  new ServiceFieldsResolver(),
  new ServiceLogsResolver(),
  new ServiceFeeds(),
  new UpdateResolver(),
  new MarkUpdatesReadPayloadResolver(),
  new OperationResolver(),
  new UpdateSubscriptions(),
  new OperationSubscriptions(),
];

/** Subscriptions have sources of their own; type-graphql asks for a pubSub all the same. */
const noPubSub = {
  publish(): never {
    throw new Error("events are published by the event log");
  },
  subscribe(): never {
    throw new Error("subscriptions read the event log");
  },
};

/** The whole API. */
export function buildApiSchema(): GraphQLSchema {
  const instances = new Map<unknown, object>(resolvers.map((resolver) => [resolver.constructor, resolver]));
  return buildSchemaSync({
    resolvers: [...instances.keys()] as [() => void, ...(() => void)[]],
    container: { get: (type) => instances.get(type) },
    pubSub: noPubSub,
    validate: false,
  });
}
