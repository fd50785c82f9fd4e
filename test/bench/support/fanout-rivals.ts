import { createServer, type Server } from "node:http";
import { createPubSub } from "@graphql-yoga/subscription";
import {
  GraphQLInt,
  GraphQLList,
  GraphQLObjectType,
  GraphQLSchema,
  GraphQLString,
  parse,
  validate,
} from "graphql";
import { useServer } from "graphql-ws/use/ws";
import { type WebSocket, WebSocketServer } from "ws";
import { Feed } from "../../../src/api/feed.js";
import { Subscriptions } from "../../../src/api/subscriptions.js";
import { GraphqlWebSocket } from "../../../src/api/websocket.js";
import type { WebSocketLimits } from "../../../src/api/websocket-options.js";
import type { LoggedEvent } from "../../../src/events/event-map.js";
import { Hub } from "../../../src/events/hub.js";

const fieldNames =
  "cursor updateId service environment recipe reasons fromRevision toRevision fromSpec toSpec since".split(
    " ",
  );

/** The operation that subscribers ask for; each variant is a distinct one, with bytes of its own. */
export function operation(variant: number): string {
  return `subscription { updates { ${fieldNames.map((name) => `${keyOf(name, variant)}: ${name}`).join(" ")} } }`;
}

const keyOf = (name: string, variant: number) => (name === "cursor" ? `c${variant}` : name);

/** One way to bring events to sockets. */
export interface Rival {
  http: Server;
  subscribers: () => number;
  publish: (events: LoggedEvent[]) => void;
  close: () => Promise<void>;
}

export function updateAvailable(cursor: bigint): LoggedEvent {
  const id = String(cursor).padStart(6, "0");
  return {
    cursor,
    at: new Date(0),
    type: "UPDATE_AVAILABLE",
    payload: {
      updateId: `upd_01j9x3${id}`,
      serviceId: `svc_01j9x3${id}`,
      service: `orders-${id}`,
      environmentId: "env_1",
      environment: "PRODUCTION",
      recipeId: "rcp_1",
      recipe: "node-api",
      reasons: ["RECIPE"],
      fromRevision: 3,
      toRevision: 4,
      fromSpec: "a3f0c2",
      toSpec: "b91d77",
      since: "2026-01-01T00:00:00.000Z",
    },
  };
}

const texts = "updateId service environment recipe fromSpec toSpec since".split(" ");
const update = new GraphQLObjectType<LoggedEvent>({
  name: "Update",
  fields: {
    cursor: { type: GraphQLString, resolve: (event) => `${event.cursor}` },
    reasons: { type: new GraphQLList(GraphQLString), resolve: read("reasons") },
    fromRevision: { type: GraphQLInt, resolve: read("fromRevision") },
    toRevision: { type: GraphQLInt, resolve: read("toRevision") },
    ...Object.fromEntries(texts.map((name) => [name, { type: GraphQLString, resolve: read(name) }])),
  },
});

function read(name: string) {
  return (event: LoggedEvent) => (event.payload as unknown as Record<string, unknown>)[name];
}

function schema(subscribe: () => AsyncIterable<unknown>): GraphQLSchema {
  const query = new GraphQLObjectType({ name: "Query", fields: { ok: { type: GraphQLString } } });
  const resolve = (event: unknown) => event;
  const fields = { updates: { type: update, subscribe, resolve } };
  return new GraphQLSchema({ query, subscription: new GraphQLObjectType({ name: "Subscription", fields }) });
}

/** Ours. */
export function hubRival(limits: Partial<WebSocketLimits> = {}): Rival {
  const http = createServer();
  const ours = schema(() => new Feed({ types: ["UPDATE_AVAILABLE"] }));
  const events: LoggedEvent[] = [];
  const read = async ({ after, limit }: { after: bigint; limit: number }) => {
    const page = events.slice(Number(after), Number(after) + limit);
    return { events: page, position: after + BigInt(page.length), head: BigInt(events.length) };
  };
  const hub = new Hub({ read, onError: console.error });
  const formatError = (error: Error) => ({ message: error.message });
  const sockets = new GraphqlWebSocket({
    schema: ours,
    subscriptions: new Subscriptions<string>({
      schema: ours,
      hub,
      formatError,
      scopeKey: (scope) => scope,
      eventContext: () => ({}),
      checkCursor: async () => {},
    }),
    authenticate: async () => ({ actor: null, scope: "all", expiresAt: null }),
    prepare: ({ query }) => ({ document: parse(query) }),
    operationContext: () => ({}),
    formatError,
    onError: console.error,
    origins: [],
    limits: { socketsPerToken: 10_000, ...limits },
  });
  sockets.attach(http);
  return {
    http,
    subscribers: () => hub.stats().live + hub.stats().catchingUp,
    publish: (batch) => {
      events.push(...batch);
      hub.publish(batch);
    },
    close: () => sockets.close(),
  };
}

/** The same bytes by `ws` alone: no protocol, no execution, one `stringify` a distinct frame and one `send` each. */
export function rawRival(): Rival {
  const http = createServer();
  const server = new WebSocketServer({ server: http, perMessageDeflate: false });
  const byVariant = new Map<number, WebSocket[]>();
  server.on("connection", (socket) => {
    socket.once("message", () => {
      socket.send('{"type":"connection_ack"}');
      socket.once("message", (data) => {
        const variant = Number(/c(\d+): cursor/.exec(String(data))![1]);
        byVariant.set(variant, [...(byVariant.get(variant) ?? []), socket]);
      });
    });
  });
  return {
    http,
    subscribers: () => [...byVariant.values()].reduce((sum, sockets) => sum + sockets.length, 0),
    publish: (batch) => {
      for (const event of batch) {
        for (const [variant, sockets] of byVariant) {
          const frame = frameOf(event, variant);
          for (const socket of sockets) {
            socket.send(frame);
          }
        }
      }
    },
    close: async () => server.close(),
  };
}

/** The usual: graphql-ws executes for each subscriber what type-graphql's pub/sub hands it. */
export function stockRival(): Rival {
  const http = createServer();
  const pubSub = createPubSub<{ updates: [LoggedEvent] }>();
  let subscribed = 0;
  const subscribe = () => {
    subscribed++;
    return pubSub.subscribe("updates");
  };
  const server = new WebSocketServer({ server: http, perMessageDeflate: false });
  const stock = useServer({ schema: schema(subscribe), validate }, server);
  return {
    http,
    subscribers: () => subscribed,
    publish: (batch) => {
      for (const event of batch) {
        pubSub.publish("updates", event);
      }
    },
    close: async () => stock.dispose(),
  };
}

function frameOf(event: LoggedEvent, variant: number): string {
  const payload = event.payload as unknown as Record<string, unknown>;
  const values: Record<string, unknown> = { ...payload, cursor: `${event.cursor}` };
  const updates = Object.fromEntries(fieldNames.map((name) => [keyOf(name, variant), values[name]]));
  const data = { updates };
  return JSON.stringify({ id: "1", type: "next", payload: { data } });
}
