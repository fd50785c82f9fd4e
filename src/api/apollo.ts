import { ApolloServer, type ApolloServerPlugin, HeaderMap } from "@apollo/server";
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginInlineTraceDisabled,
  ApolloServerPluginLandingPageDisabled,
  ApolloServerPluginSchemaReportingDisabled,
  ApolloServerPluginUsageReportingDisabled,
} from "@apollo/server/plugin/disabled";
import type { Request } from "express";
import { GraphQLError, type OperationDefinitionNode, OperationTypeNode } from "graphql";
import { RequestError } from "../errors.js";
import type { RequestContext } from "./context.js";
import type { Edge } from "./edge.js";
import { costOf, limits } from "./limits.js";
import { type RequestNote, requestNote } from "./request-note.js";

const mediaTypes = ["application/json", "application/graphql-response+json"];
/** Notes of requests that are answered as `application/json`; a context is of no use here, Apollo clones it. */
const plainJson = new WeakSet<RequestNote>();

/** Queries and mutations over HTTP. Nothing is reported to anybody, whatever the process's environment says. */
export async function startApollo(edge: Edge): Promise<ApolloServer<RequestContext>> {
  const { documents, errors, log } = edge;
  const server = new ApolloServer<RequestContext>({
    schema: edge.schema,
    introspection: true,
    validationRules: documents.rules,
    parseOptions: documents.parseOptions,
    formatError: (_formatted, error) => errors.format(error, requestNote().requestId),
    includeStacktraceInErrorResponses: false,
    // No browser adds a Bearer token by itself, and a page of another origin may not send one unasked.
    csrfPrevention: {
      requestHeaders: ["authorization", "x-apollo-operation-name", "apollo-require-preflight"],
    },
    allowBatchedHttpRequests: false,
    persistedQueries: false,
    stopOnTerminationSignals: false,
    logger: {
      debug: (message) => log.debug(message),
      info: (message) => log.debug(message),
      warn: (message) => log.warn(message),
      error: (message) => log.error(message),
    },
    plugins: [
      noting,
      ApolloServerPluginLandingPageDisabled(),
      ApolloServerPluginUsageReportingDisabled(),
      ApolloServerPluginSchemaReportingDisabled(),
      ApolloServerPluginInlineTraceDisabled(),
      ApolloServerPluginCacheControlDisabled(),
    ],
  });
  await server.start();
  return server;
}

/** Authenticates; what goes wrong has its HTTP status here, because only HTTP has one. */
export async function contextOf(edge: Edge, request: Request): Promise<RequestContext> {
  const note = requestNote();
  try {
    const { actor, scope } = await edge.authenticator.authenticate(request.get("authorization"));
    note.actor = actor.name;
    if (request.accepts(mediaTypes) === "application/json") {
      plainJson.add(note);
    }
    return edge.contexts.forRequest(actor, scope, note.requestId);
  } catch (error) {
    const denied = error instanceof RequestError;
    const headers = new HeaderMap(denied ? [["www-authenticate", "Bearer"]] : []);
    const http = { status: denied ? 401 : 503, headers };
    throw new GraphQLError("The request has no context.", {
      originalError: error as Error,
      extensions: { http },
    });
  }
}

const noting: ApolloServerPlugin<RequestContext> = {
  async requestDidStart() {
    return {
      async didResolveOperation({ operation }) {
        if (operation) {
          note(operation);
        }
      },
      async willSendResponse({ operation, source, response: { body, http } }) {
        if (source !== undefined && http.status === 400 && plainJson.has(requestNote())) {
          // GraphQL over HTTP: in this media type 400 is for what is no GraphQL request, not for a bad document.
          http.status = 200;
        }
        const cost = operation && costOf(operation);
        if (cost !== undefined && body?.kind === "single") {
          const { extensions } = body.singleResult;
          body.singleResult.extensions = { ...extensions, cost: { requested: cost, limit: limits.cost } };
        }
      },
    };
  },
};

function note(operation: OperationDefinitionNode): void {
  const note = requestNote();
  note.operation = operation.name?.value ?? null;
  note.operationType = operation.operation;
  if (operation.operation === OperationTypeNode.SUBSCRIPTION) {
    const message =
      "Subscriptions are served at this path over WebSocket (graphql-transport-ws), not over HTTP.";
    throw new GraphQLError(message, { extensions: { code: "BAD_REQUEST", http: { status: 400 } } });
  }
}
