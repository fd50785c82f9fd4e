import {
  type ASTVisitor,
  GraphQLError,
  Kind,
  NoSchemaIntrospectionCustomRule,
  type OperationDefinitionNode,
  type ValidationContext,
  type ValidationRule,
} from "graphql";
import { Meter } from "./cost.js";

/** The limits of every request, over HTTP and over WebSocket alike. Page sizes are limited where pages are read. */
export const limits = {
  depth: 8,
  aliases: 15,
  directives: 50,
  tokens: 1_000,
  documentCharacters: 15_000,
  cost: 20_000,
  bodyBytes: 256 * 1024,
} as const;

const costs = new WeakMap<OperationDefinitionNode, number>();

/** What a validated operation may cost; for the answer's extensions. */
export function costOf(operation: OperationDefinitionNode): number | undefined {
  return costs.get(operation);
}

export function limitExceeded(message: string): GraphQLError {
  return new GraphQLError(message, { extensions: { code: "LIMIT_EXCEEDED" } });
}

/** The validation rules on top of GraphQL's own. */
export function limitRules(options: { introspection: boolean }): ValidationRule[] {
  const rules = [documentRule, measureRule];
  return options.introspection ? rules : [...rules, NoSchemaIntrospectionCustomRule];
}

/** Length, aliases and directives of a document as it is written. */
function documentRule(context: ValidationContext): ASTVisitor {
  let aliases = 0;
  let directives = 0;
  const check = (what: string, found: number, limit: number) => {
    if (found > limit) {
      context.reportError(limitExceeded(`The document has ${found} ${what}; at most ${limit} are allowed.`));
    }
  };
  return {
    Field(node) {
      aliases += node.alias ? 1 : 0;
    },
    Directive() {
      directives += 1;
    },
    Document: {
      leave(document) {
        check("characters", document.loc?.source.body.length ?? 0, limits.documentCharacters);
        check("aliases", aliases, limits.aliases);
        check("directives", directives, limits.directives);
      },
    },
  };
}

/** Depth and cost of each operation, with its fragments spread out. */
function measureRule(context: ValidationContext): ASTVisitor {
  const { definitions } = context.getDocument();
  const fragments = definitions.filter((definition) => definition.kind === Kind.FRAGMENT_DEFINITION);
  const meter = new Meter(context.getSchema(), fragments);
  return {
    OperationDefinition(operation) {
      const { depth, cost } = meter.measure(operation);
      costs.set(operation, cost);
      if (depth > limits.depth) {
        context.reportError(
          limitExceeded(`The operation is ${depth} fields deep; at most ${limits.depth} are allowed.`),
        );
      }
      if (cost > limits.cost) {
        const remedy = "ask for smaller pages or fewer lists inside lists";
        context.reportError(
          limitExceeded(
            `The operation may cost ${cost} objects; at most ${limits.cost} are allowed: ${remedy}.`,
          ),
        );
      }
      return false;
    },
  };
}
