import { type ApolloClient, CombinedGraphQLErrors, type TypedDocumentNode } from "@apollo/client";
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
  type UpdatesQuery,
  type UpdateViewFragment,
} from "../../sdk/rebake.js";
import { createApolloClient } from "./client.js";

const variables = { first: 100 };

/** The cache holds the list: events are written into it, and what it then holds is shown. */
export function connect(address: Address, onStatus: (status: Status) => void): Connection {
  const socket = openSocket(address, onStatus);
  const client = createApolloClient(address, socket);
  const refuse = (error: Error) => onStatus({ state: "refused", reason: error.message });
  return {
    followUpdates: (show) => {
      client
        .watchQuery({ query: UpdatesDocument, variables, fetchPolicy: "cache-only" })
        .subscribe((result) => {
          if (result.dataState === "complete") {
            show(result.data.updates.edges.map(({ node }) => node));
          }
        });
      listAndFollow(client).catch(refuse);
    },
    rebuild: (service) => rebuild(client, service),
    followOperation: (operation, show) =>
      follow(client, OperationProgressDocument, { operation }, ({ operationProgress }) =>
        show(operationProgress.operation),
      ),
    close: () => {
      client.stop();
      Promise.resolve(socket.dispose()).catch(() => {});
    },
  };
}

/** Begins with a new list once more when the cursor has expired; otherwise never ends. */
async function listAndFollow(client: ApolloClient): Promise<void> {
  for (;;) {
    const after = await list(client);
    await follow(client, UpdateEventsDocument, { after }, ({ updates }) => apply(client, updates));
  }
}

/** Reads all pages into the cache and returns the place in the event log to go on after. */
async function list(client: ApolloClient): Promise<UpdatesQuery["cursor"]> {
  const first = await readPage(client, null);
  let { pageInfo } = first.updates;
  while (pageInfo.hasNextPage) {
    ({ pageInfo } = (await readPage(client, pageInfo.endCursor)).updates);
  }
  // The first page's: what happens while the others are read is told again, and does no harm.
  return first.cursor;
}

async function readPage(client: ApolloClient, after: string | null): Promise<UpdatesQuery> {
  const { data } = await client.query({
    query: UpdatesDocument,
    variables: after === null ? variables : { ...variables, after },
    fetchPolicy: "network-only",
  });
  if (!data) {
    throw new Error("The server answered without data.");
  }
  return data;
}

/** An Update that is in the list already is brought up to date by the cache itself: it has an id. */
function apply({ cache }: ApolloClient, { __typename, update }: UpdateEventsSubscription["updates"]): void {
  if (__typename === "UpdateResolved") {
    cache.evict({ id: cache.identify({ __typename: "Update", id: update.id }) });
    cache.gc();
    return;
  }
  cache.updateQuery({ query: UpdatesDocument, variables }, (list) => {
    const edges = list?.updates.edges ?? [];
    return !list || edges.some(({ node }) => node.id === update.id)
      ? list
      : { ...list, updates: { ...list.updates, edges: [...edges, edgeTo(update)] } };
  });
}

const edgeTo = (node: UpdateViewFragment) => ({ __typename: "UpdateEdge", node });

async function rebuild(client: ApolloClient, service: string): Promise<Asked> {
  const { data } = await client.mutate({
    mutation: RebuildServiceDocument,
    // An answer that was lost is asked for again: the key makes that the same request.
    variables: { service, idempotencyKey: newIdempotencyKey() },
  });
  const { operation, errors } = data!.rebuildService;
  return operation ? { operation, problems: [] } : { operation: null, problems: errors };
}

/** Settles when the server completes the subscription, or the cursor has expired. */
function follow<Data, V extends Record<string, unknown>>(
  client: ApolloClient,
  query: TypedDocumentNode<Data, V>,
  variables: V,
  take: (data: Data) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (error: unknown) => (isExpired(error) ? resolve() : reject(error));
    client.subscribe({ query, variables: variables as never }).subscribe({
      next: ({ data, error }) => (error ? fail(error) : take(data as Data)),
      error: fail,
      complete: resolve,
    });
  });
}

/** Events are not kept for ever; who asks for older ones begins with the list again. */
const isExpired = (error: unknown) =>
  CombinedGraphQLErrors.is(error) && error.errors[0]?.extensions?.code === "CURSOR_EXPIRED";
