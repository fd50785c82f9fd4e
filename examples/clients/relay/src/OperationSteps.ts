import { graphql } from "relay-runtime";

/** An operation with its steps; each event of the subscription below brings it up to date in the store. */
export const operationStepsFragment = graphql`
  fragment OperationSteps_operation on Operation {
    kind
    state
    steps {
      name
      state
      done
      of
      detail
    }
    cause {
      code
      message
    }
  }
`;

/** Follows an operation until its verdict. */
export const progressSubscription = graphql`
  subscription OperationStepsProgressSubscription($operation: ID!, $after: Cursor) {
    operationProgress(operation: $operation, after: $after) {
      cursor
      operation {
        id
        ...OperationSteps_operation
      }
    }
  }
`;

/** What was printed meanwhile, page by page; for `usePaginationFragment`. */
export const operationLogFragment = graphql`
  fragment OperationSteps_log on Operation
  @refetchable(queryName: "OperationStepsLogPaginationQuery")
  @argumentDefinitions(count: { type: "Int", defaultValue: 100 }, after: { type: "String" }) {
    log(first: $count, after: $after) @connection(key: "OperationSteps_log") {
      edges {
        node {
          at
          stream
          line
        }
      }
    }
  }
`;
