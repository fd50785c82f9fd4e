import { graphql } from "relay-runtime";

/** The standing Updates, in both directions; for `usePaginationFragment`. */
export const updatesFragment = graphql`
  fragment UpdateList_updates on Query
  @refetchable(queryName: "UpdateListPaginationQuery")
  @argumentDefinitions(
    first: { type: "Int", defaultValue: 20 }
    after: { type: "String" }
    last: { type: "Int" }
    before: { type: "String" }
    environment: { type: "String" }
  ) {
    updates(first: $first, after: $after, last: $last, before: $before, filter: { environment: $environment })
      @connection(key: "UpdateList_updates", filters: ["filter"]) {
      totalCount
      unreadCount
      edges {
        node {
          id
          ...UpdateRow_update
        }
      }
    }
  }
`;

/** One Update. */
export const updateRowFragment = graphql`
  fragment UpdateRow_update on Update @refetchable(queryName: "UpdateRowRefetchQuery") {
    kind
    reasons
    since
    fromRevision
    toRevision
    changes {
      path
      before
      after
      secret
    }
    service {
      id
      name
    }
  }
`;

/** Puts what arises into the list. */
export const availableSubscription = graphql`
  subscription UpdateListAvailableSubscription($environment: String, $after: Cursor, $connections: [ID!]!) {
    updateAvailable(filter: { environment: $environment }, after: $after) {
      cursor
      update @appendNode(connections: $connections, edgeTypeName: "UpdateEdge") {
        id
        ...UpdateRow_update
      }
    }
  }
`;

/** Takes what went out of the list. */
export const resolvedSubscription = graphql`
  subscription UpdateListResolvedSubscription($environment: String, $after: Cursor, $connections: [ID!]!) {
    updateResolved(filter: { environment: $environment }, after: $after) {
      cursor
      update {
        id @deleteEdge(connections: $connections)
      }
    }
  }
`;
