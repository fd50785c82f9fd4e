import {
  type DocumentNode,
  GraphQLError,
  type GraphQLSchema,
  getOperationAST,
  type OperationDefinitionNode,
  parse,
  specifiedRules,
  type ValidationRule,
  validate,
} from "graphql";
import { costOf, limitRules, limits } from "./limits.js";

/** A document that may be executed. */
export interface Prepared {
  document: DocumentNode;
  operation: OperationDefinitionNode;
  cost: number;
}

/** How many valid documents are remembered. */
const remembered = 1_000;

/** Parses and validates documents, with the same rules for every transport. */
export class Documents {
  readonly parseOptions = { maxTokens: limits.tokens };
  /** On top of GraphQL's own. */
  readonly rules: ValidationRule[];
  private readonly valid = new Map<string, DocumentNode>();

  constructor(
    private readonly schema: GraphQLSchema,
    options: { introspection: boolean },
  ) {
    this.rules = limitRules(options);
  }

  /** Errors are as graphql-js makes them; give them to the error formatter before they leave. */
  prepare(request: {
    query: string;
    operationName?: string | null;
  }): Prepared | { errors: readonly GraphQLError[] } {
    const document = this.valid.get(request.query) ?? this.parse(request.query);
    if ("errors" in document) {
      return document;
    }
    const operation = getOperationAST(document, request.operationName);
    if (!operation) {
      return { errors: [new GraphQLError(noOperation(request.operationName))] };
    }
    return { document, operation, cost: costOf(operation) ?? 0 };
  }

  private parse(text: string): DocumentNode | { errors: readonly GraphQLError[] } {
    let document: DocumentNode;
    try {
      document = parse(text, this.parseOptions);
    } catch (error) {
      return { errors: [error as GraphQLError] };
    }
    const errors = validate(this.schema, document, [...specifiedRules, ...this.rules]);
    if (errors.length > 0) {
      return { errors };
    }
    if (this.valid.size >= remembered) {
      this.valid.delete(this.valid.keys().next().value!);
    }
    this.valid.set(text, document);
    return document;
  }
}

function noOperation(name: string | null | undefined): string {
  return name
    ? `The document has no operation named ${name.slice(0, 80)}.`
    : "The document has several operations, or none: send operationName to say which.";
}
