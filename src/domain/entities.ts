import { AccessToken } from "./access-token.js";
import { BulkRebuild } from "./bulk-rebuild.js";
import { Credential } from "./credential.js";
import { Environment } from "./environment.js";
import { Operation } from "./operation.js";
import { Recipe, RecipeRevision } from "./recipe.js";
import { Service } from "./service.js";
import { Update } from "./update.js";

/** Every entity, for the data source. */
export const entities = [
  AccessToken,
  BulkRebuild,
  Credential,
  Environment,
  Operation,
  Recipe,
  RecipeRevision,
  Service,
  Update,
];
