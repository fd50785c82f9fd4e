import { graphql } from "relay-runtime";

/** One service; refetched by its id alone, through `node`, because Service is a Node. */
export const serviceRowFragment = graphql`
  fragment ServiceRow_service on Service
  @refetchable(queryName: "ServiceRowRefetchQuery")
  @argumentDefinitions(history: { type: "Int", defaultValue: 5 }) {
    name
    state
    revision
    commit
    environment {
      code
    }
    update {
      id
      reasons
      since
    }
    operation {
      ...OperationSteps_operation
    }
    operations(last: $history) {
      edges {
        node {
          id
          kind
          state
          finishedAt
        }
      }
    }
  }
`;

/** Rebuilds the service; the answer's operation is in the store as soon as it is queued. */
export const rebuildMutation = graphql`
  mutation ServiceRowRebuildMutation($input: RebuildServiceInput!) {
    rebuildService(input: $input) {
      operation {
        id
        service {
          id
          operation {
            id
          }
        }
        ...OperationSteps_operation
      }
      cursor
      errors {
        code
        message
      }
    }
  }
`;
