import type { GraphQLSchema } from "graphql";
import type { Log } from "../log.js";
import { Authenticator } from "./access.js";
import { type ApiDeps, Contexts } from "./context.js";
import { Documents } from "./documents.js";
import { ErrorFormatter } from "./format-error.js";
import { Metrics } from "./metrics.js";
import { buildApiSchema } from "./schema.js";

/** What HTTP and WebSocket share, so that neither is a way around the other's rules. */
export interface Edge {
  schema: GraphQLSchema;
  authenticator: Authenticator;
  contexts: Contexts;
  documents: Documents;
  errors: ErrorFormatter;
  metrics: Metrics;
  log: Log;
}

export function createEdge(deps: ApiDeps, options: { introspection: boolean }): Edge {
  const schema = buildApiSchema();
  const authenticator = new Authenticator(deps.dataSource);
  deps.hints.on("tokens", () => authenticator.forget());
  return {
    schema,
    authenticator,
    contexts: new Contexts(deps),
    documents: new Documents(schema, options),
    errors: new ErrorFormatter(deps.log, options),
    metrics: new Metrics(),
    log: deps.log,
  };
}
