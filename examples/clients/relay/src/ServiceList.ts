import { graphql } from "relay-runtime";

/** The page: a list of services and a list of what they could be rebuilt to. */
export const serviceListQuery = graphql`
  query ServiceListQuery($environment: String) {
    cursor
    ...ServiceList_services @arguments(environment: $environment)
    ...UpdateList_updates @arguments(environment: $environment)
  }
`;

/** Services, more of them with `loadNext`; for `usePaginationFragment`. */
export const servicesFragment = graphql`
  fragment ServiceList_services on Query
  @refetchable(queryName: "ServiceListPaginationQuery")
  @argumentDefinitions(
    count: { type: "Int", defaultValue: 20 }
    after: { type: "String" }
    environment: { type: "String" }
  ) {
    services(first: $count, after: $after, filter: { environment: $environment })
      @connection(key: "ServiceList_services", filters: ["filter"]) {
      totalCount
      edges {
        node {
          id
          ...ServiceRow_service
        }
      }
    }
  }
`;
