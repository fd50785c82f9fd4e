import { randomUUID } from "node:crypto";
import type { Server } from "node:http";
import type { Actor, Scope } from "../domain/actor.js";
import { RequestError } from "../errors.js";
import type { Events } from "../events/open-events.js";
import type { Edge } from "./edge.js";
import { Subscriptions } from "./subscriptions.js";
import { GraphqlWebSocket } from "./websocket.js";
import type { Caller } from "./websocket-options.js";

/** Serves subscriptions, queries and mutations over WebSocket by the same rules as over HTTP. */
export function openSockets(
  edge: Edge,
  events: Events,
  server: Server,
  options: { corsOrigins: readonly string[] | "*" },
): GraphqlWebSocket<Actor, Scope> {
  const formatError = (error: unknown) => edge.errors.format(error, randomUUID());
  const subscriptions = new Subscriptions<Scope>({
    schema: edge.schema,
    hub: events.hub,
    checkCursor: (after) => events.log.check(after),
    formatError,
    scopeKey: ({ role, environments }) => JSON.stringify([role, environments && [...environments].sort()]),
    eventContext: (scope) => edge.contexts.forEvents(scope),
  });
  const sockets = new GraphqlWebSocket<Actor, Scope>({
    schema: edge.schema,
    subscriptions,
    authenticate: (token) => authenticate(edge, token),
    prepare: (source) => edge.documents.prepare(source),
    operationContext: ({ actor, scope }) => edge.contexts.forRequest(actor, scope, randomUUID()),
    formatError,
    onError: (error) => edge.log.warn({ err: error }, "a WebSocket failed"),
    origins: options.corsOrigins === "*" ? ["*"] : options.corsOrigins,
  });
  edge.metrics.countSubscribers(() => {
    const { live, catchingUp } = events.hub.stats();
    return live + catchingUp;
  });
  // What the slow poll says is left to the sockets' own interval.
  events.notifier.on("tokens", (token) => void (token !== null && sockets.checkTokens()));
  sockets.attach(server);
  return sockets;
}

async function authenticate(edge: Edge, token: string): Promise<Caller<Actor, Scope> | null> {
  try {
    return await edge.authenticator.authenticate(`Bearer ${token}`);
  } catch (error) {
    if (error instanceof RequestError && error.code === "UNAUTHENTICATED") {
      return null;
    }
    throw error;
  }
}
