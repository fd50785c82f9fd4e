import {
  type FieldNode,
  type FragmentDefinitionNode,
  GraphQLID,
  type GraphQLObjectType,
  type GraphQLOutputType,
  type GraphQLSchema,
  GraphQLString,
  getArgumentValues,
  getVariableValues,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
  Kind,
  type OperationDefinitionNode,
  OperationTypeNode,
  type SelectionSetNode,
} from "graphql";

type Values = Record<string, unknown>;
/** Turns what a resolver answered into what is sent; throws where graphql-js would note an error. */
type Complete = (value: unknown, run: Run) => unknown;

interface PlannedField {
  key: string;
  resolve: (source: object, run: Run) => unknown;
  complete: Complete;
}

/** One execution of a plan: counts what it still waits for. */
class Run {
  /** Arguments of each field that has any: they depend on variables alone, and not on the parent. */
  readonly arguments: Values[] = [];
  private waiting = 1;

  constructor(
    readonly context: unknown,
    readonly variables: Values,
    private readonly finish: (succeeded: boolean) => void,
  ) {}

  /** Puts the completed value of a promise at its place. */
  settle(promise: PromiseLike<unknown>, complete: Complete, put: (value: unknown) => void): void {
    this.waiting += 1;
    promise.then(
      (value) => {
        try {
          put(complete(value, this));
          this.done();
        } catch {
          this.finish(false);
        }
      },
      () => this.finish(false),
    );
  }

  done(): void {
    this.waiting -= 1;
    if (this.waiting === 0) {
      this.finish(true);
    }
  }
}

/**
 * A query that was analysed once, to be executed often: what graphql-js finds out for every object of a list
 * anew (fields, their types, their arguments) is known already, and only what resolvers really wait for costs a
 * promise. It knows the good case only. With any error it gives up: a query has no effects, so graphql-js can
 * execute it again and say what is wrong.
 */
export class ReadPlan {
  constructor(
    private readonly schema: GraphQLSchema,
    private readonly operation: OperationDefinitionNode,
    private readonly complete: Complete,
  ) {}

  /** The data as graphql-js would answer it; null: ask graphql-js. */
  async execute(context: unknown, inputs: Values): Promise<Values | null> {
    const { errors, coerced } = getVariableValues(
      this.schema,
      this.operation.variableDefinitions ?? [],
      inputs,
      { maxErrors: 1 },
    );
    if (errors) {
      return null;
    }
    let data: unknown;
    const succeeded = await new Promise<boolean>((finish) => {
      const run = new Run(context, coerced, finish);
      try {
        data = this.complete({}, run);
        run.done();
      } catch {
        finish(false);
      }
    });
    return succeeded ? (data as Values) : null;
  }
}

/** Plans a valid operation; null when it is no query, or asks for something rare that graphql-js does better. */
export function planRead(
  schema: GraphQLSchema,
  operation: OperationDefinitionNode,
  fragments: ReadonlyMap<string, FragmentDefinitionNode>,
): ReadPlan | null {
  const query = schema.getQueryType();
  if (operation.operation !== OperationTypeNode.QUERY || !query) {
    return null;
  }
  try {
    const complete = new Planner(fragments).object(query, [operation.selectionSet]);
    return new ReadPlan(schema, operation, complete);
  } catch (error) {
    if (error instanceof Unplanned) {
      return null;
    }
    throw error;
  }
}

/** Something that plans do not cover. */
class Unplanned extends Error {}

class Planner {
  private numberOfArguments = 0;
  constructor(private readonly fragments: ReadonlyMap<string, FragmentDefinitionNode>) {}

  object(type: GraphQLObjectType, sets: readonly SelectionSetNode[]): Complete {
    if (type.isTypeOf) {
      throw new Unplanned();
    }
    const fields = [...this.collect(type, sets)].map(([key, nodes]) => this.field(type, key, nodes));
    return (source, run) => {
      if (source === null || source === undefined) {
        return null;
      }
      const answer: Values = {};
      for (const { key, resolve, complete } of fields) {
        const value = resolve(source, run);
        if (isPromise(value)) {
          // Keeps the place: fields are answered in the order they were asked for.
          answer[key] = undefined;
          run.settle(value, complete, (completed) => {
            answer[key] = completed;
          });
        } else {
          answer[key] = complete(value, run);
        }
      }
      return answer;
    };
  }

  /** Fields by the keys they are answered under, those of fragments in their place. */
  private collect(
    type: GraphQLObjectType,
    sets: readonly SelectionSetNode[],
    fields = new Map<string, FieldNode[]>(),
  ): Map<string, FieldNode[]> {
    for (const selection of sets.flatMap((set) => set.selections)) {
      if (selection.directives?.length) {
        throw new Unplanned();
      }
      if (selection.kind === Kind.FIELD) {
        const key = selection.alias?.value ?? selection.name.value;
        if (key === "__proto__") {
          throw new Unplanned();
        }
        fields.set(key, [...(fields.get(key) ?? []), selection]);
      } else {
        this.collect(type, [this.fragmentOf(type, selection)], fields);
      }
    }
    return fields;
  }

  private fragmentOf(
    type: GraphQLObjectType,
    selection: Exclude<SelectionSetNode["selections"][number], FieldNode>,
  ): SelectionSetNode {
    const fragment =
      selection.kind === Kind.INLINE_FRAGMENT ? selection : this.fragments.get(selection.name.value)!;
    const condition = fragment.typeCondition?.name.value;
    if (condition !== undefined && condition !== type.name) {
      throw new Unplanned();
    }
    return fragment.selectionSet;
  }

  private field(parent: GraphQLObjectType, key: string, nodes: FieldNode[]): PlannedField {
    const name = nodes[0]!.name.value;
    if (name === "__typename") {
      return { key, resolve: () => parent.name, complete: (value) => value };
    }
    // Introspection has no field of that name in the type itself.
    const field = Object.hasOwn(parent.getFields(), name) ? parent.getFields()[name]! : null;
    if (!field) {
      throw new Unplanned();
    }
    const complete = this.value(field.type, nodes);
    const argumentsOf = field.args.length > 0 ? this.arguments(field, nodes[0]!) : () => noArguments;
    const resolver = field.resolve;
    // No resolver looks at where it is called from; one that does fails, and graphql-js executes the query.
    const info = undefined as never;
    const resolve = resolver
      ? (source: object, run: Run) => resolver(source, argumentsOf(run), run.context, info)
      : (source: object, run: Run) => {
          const value = (source as Values)[name];
          return typeof value === "function"
            ? value.call(source, argumentsOf(run), run.context, info)
            : value;
        };
    return { key, resolve, complete };
  }

  private arguments(field: Parameters<typeof getArgumentValues>[0], node: FieldNode): (run: Run) => Values {
    const index = this.numberOfArguments++;
    return (run) => {
      run.arguments[index] ??= getArgumentValues(field, node, run.variables);
      return run.arguments[index];
    };
  }

  private value(type: GraphQLOutputType, nodes: FieldNode[]): Complete {
    if (isNonNullType(type)) {
      return present(this.value(type.ofType, nodes));
    }
    if (isListType(type)) {
      return list(this.value(type.ofType, nodes));
    }
    if (isLeafType(type)) {
      return leaf(type);
    }
    if (isObjectType(type)) {
      return this.object(
        type,
        nodes.map((node) => node.selectionSet!),
      );
    }
    throw new Unplanned();
  }
}

const noArguments: Values = Object.freeze({});

function isPromise(value: unknown): value is PromiseLike<unknown> {
  return (
    typeof value === "object" && value !== null && typeof (value as { then?: unknown }).then === "function"
  );
}

function present(complete: Complete): Complete {
  return (value, run) => {
    const completed = complete(value, run);
    if (completed === null || completed === undefined) {
      throw new Error("null where there must be a value");
    }
    return completed;
  };
}

function list(complete: Complete): Complete {
  return (value, run) => {
    if (value === null || value === undefined) {
      return null;
    }
    if (!Array.isArray(value)) {
      throw new Error("no array where there must be a list");
    }
    const answer: unknown[] = new Array(value.length);
    value.forEach((item, index) => {
      if (isPromise(item)) {
        run.settle(item, complete, (completed) => {
          answer[index] = completed;
        });
      } else {
        answer[index] = complete(item, run);
      }
    });
    return answer;
  };
}

/** A text is what it should be and needs no serialisation. */
function leaf(type: { name: string; serialize(value: unknown): unknown }): Complete {
  const isText = type === GraphQLString || type === GraphQLID;
  return (value) => {
    if (isText && typeof value === "string") {
      return value;
    }
    if (value === null || value === undefined) {
      return null;
    }
    const serialised = type.serialize(value);
    if (serialised === null || serialised === undefined) {
      throw new Error(`${type.name} has no value for this`);
    }
    return serialised;
  };
}
