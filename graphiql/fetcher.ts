import { type CreateFetcherOptions, createGraphiQLFetcher, type Fetcher } from "@graphiql/toolkit";
import { type DocumentNode, getOperationAST, parse } from "graphql";

/**
 * Right after a change of tabs GraphiQL still sends the operation's name, and the parsed document, of the tab
 * before. What is run is always what stands in the editor.
 */
export function createFetcher(options: CreateFetcherOptions): Fetcher {
  const fetcher = createGraphiQLFetcher(options);
  return (params, given) => {
    const documentAST = parsed(params.query);
    if (documentAST === null) {
      return fetcher(params, given);
    }
    const { operationName = null } = params;
    const operation = getOperationAST(documentAST, operationName) ?? getOperationAST(documentAST);
    return fetcher({ ...params, operationName: operation?.name?.value ?? null }, { ...given, documentAST });
  };
}

/** Null for what cannot be parsed: the server says why. */
function parsed(text: string): DocumentNode | null {
  try {
    return parse(text);
  } catch {
    return null;
  }
}
