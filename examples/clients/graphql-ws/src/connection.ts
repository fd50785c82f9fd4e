import type { TypedDocumentNode } from "@graphql-typed-document-node/core";
import { type GraphQLFormattedError, print } from "graphql";
import type { Client, FormattedExecutionResult } from "graphql-ws";
import {
  type Address,
  type Asked,
  type Connection,
  newIdempotencyKey,
  type Status,
} from "../../page/connection.js";
import { openSocket } from "../../page/socket.js";
import {
  OperationProgressDocument,
  RebuildServiceDocument,
  UpdateEventsDocument,
  type UpdateEventsSubscription,
  UpdatesDocument,
  type UpdateViewFragment,
} from "../../sdk/rebake.js";
import type { Cursor } from "../../sdk/scalars.js";

type Variables = Record<string, unknown>;
type Standing = Map<string, UpdateViewFragment>;

/** Everything goes over one WebSocket: queries and mutations, too. */
export function connect(address: Address, onStatus: (status: Status) => void): Connection {
  const client = openSocket(address, onStatus);
  let closed = false;
  const listAndFollow = async (show: (updates: readonly UpdateViewFragment[]) => void) => {
    // Each turn begins with a new list; the first one is also the last, unless its cursor expired meanwhile.
    while (!closed) {
      const { standing, after } = await list(client);
      const showAll = () => closed || show([...standing.values()]);
      showAll();
      await follow(client, UpdateEventsDocument, { after }, ({ updates }) => {
        apply(standing, updates);
        showAll();
        return updates.cursor;
      });
    }
  };
  return {
    followUpdates: (show) => {
      listAndFollow(show).catch((error: Error) => onStatus({ state: "refused", reason: error.message }));
    },
    rebuild: (service) => rebuild(client, service),
    followOperation: (operation, show) =>
      follow(client, OperationProgressDocument, { operation, after: undefined }, ({ operationProgress }) => {
        show(operationProgress.operation);
        return operationProgress.cursor;
      }),
    close: () => {
      closed = true;
      Promise.resolve(client.dispose()).catch(() => {});
    },
  };
}

/** All standing Updates by their services, and the place in the event log to go on after. */
async function list(client: Client): Promise<{ standing: Standing; after: Cursor }> {
  const standing: Standing = new Map();
  let first: Cursor | undefined;
  let page: string | null | undefined;
  do {
    const { cursor, updates } = await ask(client, UpdatesDocument, { first: 100, after: page });
    for (const { node } of updates.edges) {
      standing.set(node.service.id, node);
    }
    // The first page's: what happens while the others are read is told again, and does no harm.
    first ??= cursor;
    page = updates.pageInfo.hasNextPage ? updates.pageInfo.endCursor : null;
  } while (page);
  return { standing, after: first };
}

function apply(standing: Standing, event: UpdateEventsSubscription["updates"]): void {
  if (event.__typename === "UpdateResolved") {
    standing.delete(event.update.service.id);
  } else {
    standing.set(event.update.service.id, event.update);
  }
}

async function rebuild(client: Client, service: string): Promise<Asked> {
  // A socket that breaks before the answer came asks again: the key makes that the same request.
  const variables = { service, idempotencyKey: newIdempotencyKey() };
  const { rebuildService } = await ask(client, RebuildServiceDocument, variables);
  const { operation, errors } = rebuildService;
  return operation ? { operation, problems: [] } : { operation: null, problems: errors };
}

/** Runs a query or a mutation. */
async function ask<Data, V extends Variables>(
  client: Client,
  document: TypedDocumentNode<Data, V>,
  variables: V,
): Promise<Data> {
  for await (const result of client.iterate<Data>({ query: print(document), variables })) {
    return dataOf(result);
  }
  throw new Error("The connection was closed before the answer came.");
}

/**
 * Follows a subscription until the server completes it, across every reconnect: `take` returns the cursor of what
 * it has taken, and the variables that are sent again go on after that. Also settles when the cursor has expired.
 */
function follow<Data, V extends Variables & { after?: Cursor | null | undefined }>(
  client: Client,
  document: TypedDocumentNode<Data, V>,
  variables: V,
  take: (data: Data) => Cursor,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (error: unknown) => (isExpired(error) ? resolve() : reject(error));
    client.subscribe<Data>(
      { query: print(document), variables },
      {
        next: (result) => {
          try {
            variables.after = take(dataOf(result));
          } catch (error) {
            fail(error);
          }
        },
        error: (error) => fail(error instanceof Error ? error : new Refusal(error)),
        complete: resolve,
      },
    );
  });
}

function dataOf<Data>({ data, errors }: FormattedExecutionResult<Data, unknown>): Data {
  if (errors || !data) {
    throw new Refusal(errors);
  }
  return data;
}

/** What GraphQL itself answered instead of data. */
class Refusal extends Error {
  readonly code: unknown;

  constructor(errors: unknown) {
    const [first] = Array.isArray(errors) ? (errors as GraphQLFormattedError[]) : [];
    super(first?.message ?? "The server closed the connection.");
    this.code = first?.extensions?.code;
  }
}

/** Events are not kept for ever; who asks for older ones begins with the list again. */
const isExpired = (error: unknown) => error instanceof Refusal && error.code === "CURSOR_EXPIRED";
