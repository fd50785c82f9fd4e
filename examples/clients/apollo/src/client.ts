import { ApolloClient, ApolloLink, HttpLink, InMemoryCache, ServerError } from "@apollo/client";
import { RetryLink } from "@apollo/client/link/retry";
import { GraphQLWsLink } from "@apollo/client/link/subscriptions";
import { relayStylePagination } from "@apollo/client/utilities";
import { OperationTypeNode } from "graphql";
import type { Client } from "graphql-ws";
import { tap } from "rxjs";
import { type Address, endpoints } from "../../page/connection.js";

/** Queries and mutations over HTTP, subscriptions over the socket. */
export function createApolloClient({ url, token }: Address, socket: Client): ApolloClient {
  const http = new HttpLink({
    uri: endpoints(url).http,
    headers: { authorization: `Bearer ${token}` },
  });
  return new ApolloClient({
    link: ApolloLink.split(
      ({ operationType }) => operationType === OperationTypeNode.SUBSCRIPTION,
      resume.concat(new GraphQLWsLink(socket)),
      retry.concat(http),
    ),
    cache: new InMemoryCache({
      possibleTypes: { UpdateEvent: ["UpdateAvailable", "UpdateResolved"] },
      typePolicies: {
        // Leaves out what was evicted, and puts the pages of a list together.
        Query: { fields: { updates: relayStylePagination(["filter"]) } },
      },
    }),
  });
}

/**
 * Keeps the cursor of the last event in the variables, which the socket sends again after each reconnect: so a
 * subscription goes on where it was, and misses nothing.
 */
const resume = new ApolloLink((operation, forward) =>
  forward(operation).pipe(
    tap(({ data }) => {
      for (const event of Object.values(data ?? {})) {
        if (typeof event?.cursor === "string") {
          operation.variables.after = event.cursor;
        }
      }
    }),
  ),
);

/** A network that is away is waited for; what the server refuses is not asked again. */
const retry = new RetryLink({
  attempts: {
    max: Number.POSITIVE_INFINITY,
    retryIf: (error) => !ServerError.is(error) || error.statusCode >= 500,
  },
  delay: { initial: 200, max: 5_000, jitter: true },
});
