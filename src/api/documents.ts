import {
  type DocumentNode,
  type FragmentDefinitionNode,
  GraphQLError,
  type GraphQLSchema,
  getOperationAST,
  Kind,
  type OperationDefinitionNode,
  parse,
  specifiedRules,
  type ValidationRule,
  validate,
} from "graphql";
import { costOf, limitRules, limits } from "./limits.js";
import { planRead, type ReadPlan } from "./read-plan.js";

/** A document that may be executed. */
export interface Prepared {
  document: DocumentNode;
  operation: OperationDefinitionNode;
  cost: number;
  /** Null: graphql-js executes it. */
  plan: ReadPlan | null;
}

/** How many valid documents are remembered. */
const remembered = 1_000;

/** Parses and validates documents, with the same rules for every transport. */
export class Documents {
  readonly parseOptions = { maxTokens: limits.tokens };
  /** On top of GraphQL's own. */
  readonly rules: ValidationRule[];
  private readonly valid = new Map<string, DocumentNode>();
  private readonly plans = new WeakMap<OperationDefinitionNode, ReadPlan | null>();

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
    return { document, operation, cost: costOf(operation) ?? 0, plan: this.planOf(document, operation) };
  }

  private planOf(document: DocumentNode, operation: OperationDefinitionNode): ReadPlan | null {
    let plan = this.plans.get(operation);
    if (plan === undefined) {
      const fragments = document.definitions.filter(
        (definition) => definition.kind === Kind.FRAGMENT_DEFINITION,
      );
      const byName = new Map<string, FragmentDefinitionNode>(
        fragments.map((fragment) => [fragment.name.value, fragment]),
      );
      plan = planRead(this.schema, operation, byName);
      this.plans.set(operation, plan);
    }
    return plan;
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
