import {
  GraphQLError,
  GraphQLInt,
  GraphQLList,
  GraphQLNonNull,
  GraphQLObjectType,
  GraphQLSchema,
  GraphQLString,
} from "graphql";
import { Feed } from "../../src/api/feed.js";
import { parseCursor } from "../../src/events/cursor.js";
import type { LoggedEvent } from "../../src/events/event-map.js";
import type { Context } from "./socket-server.js";

async function aborted(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) {
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
  }
}

const text = new GraphQLNonNull(GraphQLString);

const change = new GraphQLObjectType<LoggedEvent, Context>({
  name: "Change",
  fields: {
    cursor: { type: text, resolve: (event) => `${event.cursor}` },
    service: { type: text, resolve: (event) => event.payload.serviceId },
    state: {
      type: GraphQLString,
      resolve: (event) => ("state" in event.payload ? event.payload.state : null),
    },
    /** Filler, in characters. */
    filler: {
      type: text,
      args: { length: { type: new GraphQLNonNull(GraphQLInt) } },
      resolve: (_event, { length }) => "x".repeat(length),
    },
    broken: {
      type: GraphQLString,
      resolve: () => {
        throw new Error("select secret from table");
      },
    },
  },
});

const query = new GraphQLObjectType<unknown, Context>({
  name: "Query",
  fields: {
    actor: { type: GraphQLString, resolve: (_root, _args, { actor }) => actor },
    broken: {
      type: GraphQLString,
      resolve: () => {
        throw new Error("select secret from table");
      },
    },
    /** Ends when its caller has gone or completed it. */
    patient: {
      type: GraphQLString,
      resolve: async (_root, _args, { signal }) => {
        await aborted(signal!);
        return "aborted";
      },
    },
    filler: {
      type: text,
      args: { length: { type: new GraphQLNonNull(GraphQLInt) } },
      resolve: (_root, { length }) => "x".repeat(length),
    },
  },
});

const subscription = new GraphQLObjectType<unknown, Context>({
  name: "Subscription",
  fields: {
    changes: {
      type: new GraphQLNonNull(change),
      args: { after: { type: GraphQLString }, services: { type: new GraphQLList(text) } },
      subscribe: (_root, { after, services }) =>
        new Feed({
          types: ["SERVICE_CHANGED"],
          serviceIds: services ?? undefined,
          after: after ? parseCursor(after) : null,
          isLast: (event) => "state" in event.payload && event.payload.state === "STOPPED",
        }),
      resolve: (event, _args, { server }) => {
        server.executed.push(event as LoggedEvent);
        return event;
      },
    },
    count: {
      type: new GraphQLNonNull(GraphQLInt),
      args: { to: { type: new GraphQLNonNull(GraphQLInt) } },
      subscribe: async function* (_root, { to }) {
        for (let i = 1; i <= to; i++) {
          yield i;
        }
      },
      resolve: (value) => value,
    },
    /** Yields once, then fails. */
    failing: {
      type: GraphQLInt,
      subscribe: async function* () {
        yield 1;
        throw new Error("select secret from table");
      },
      resolve: (value) => value,
    },
    silent: {
      type: GraphQLInt,
      subscribe: async function* (_root, _args, { signal }) {
        await aborted(signal!);
        yield 1;
      },
      resolve: (value) => value,
    },
    refused: {
      type: GraphQLInt,
      subscribe: () => {
        throw new GraphQLError("not for you");
      },
    },
  },
});

export const testSchema = new GraphQLSchema({ query, subscription });
