import {
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLField,
  type GraphQLNamedType,
  type GraphQLSchema,
  getNamedType,
  isCompositeType,
  isInterfaceType,
  isListType,
  isNonNullType,
  isObjectType,
  Kind,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from "graphql";
import { defaultPageSize, longestTail, maxPageSize } from "./paging.js";

/** What a list without pages is taken to hold. */
const usualListLength = 10;

/** How deep an operation goes and what it may cost. */
export interface Measure {
  /** Fields below each other. */
  depth: number;
  /** Objects it may have to resolve. */
  cost: number;
}
const nothing: Measure = { depth: 0, cost: 0 };

/**
 * Measures operations of one document against a schema. Introspection does not count: it needs depth and reads
 * no data, and graphql-js limits how lists of it nest. Unknown fields and fragments that contain themselves
 * count as nothing; other rules report them.
 */
export class Meter {
  private readonly fragments = new Map<string, FragmentDefinitionNode>();
  private readonly known = new Map<string, Measure>();

  constructor(
    private readonly schema: GraphQLSchema,
    fragments: Iterable<FragmentDefinitionNode>,
  ) {
    for (const fragment of fragments) {
      this.fragments.set(fragment.name.value, fragment);
    }
  }

  measure(operation: OperationDefinitionNode): Measure {
    return this.selections(operation.selectionSet, this.schema.getRootType(operation.operation), 1);
  }

  private selections(
    set: SelectionSetNode,
    parent: GraphQLNamedType | null | undefined,
    pageSize: number,
  ): Measure {
    const parts = set.selections.map((selection) => {
      if (selection.kind === Kind.FIELD) {
        return this.field(selection, parent, pageSize);
      }
      if (selection.kind === Kind.FRAGMENT_SPREAD) {
        return this.fragment(selection.name.value, pageSize);
      }
      const type = selection.typeCondition ? this.schema.getType(selection.typeCondition.name.value) : parent;
      return this.selections(selection.selectionSet, type, pageSize);
    });
    return {
      depth: Math.max(0, ...parts.map((part) => part.depth)),
      cost: parts.reduce((sum, part) => sum + part.cost, 0),
    };
  }

  /** Each fragment is measured once for each page size, however often it is spread. */
  private fragment(name: string, pageSize: number): Measure {
    const key = `${pageSize} ${name}`;
    const fragment = this.fragments.get(name);
    if (!this.known.has(key) && fragment) {
      this.known.set(key, nothing);
      const type = this.schema.getType(fragment.typeCondition.name.value);
      this.known.set(key, this.selections(fragment.selectionSet, type, pageSize));
    }
    return this.known.get(key) ?? nothing;
  }

  private field(node: FieldNode, parent: GraphQLNamedType | null | undefined, pageSize: number): Measure {
    if (node.name.value.startsWith("__")) {
      return nothing;
    }
    const fields = isObjectType(parent) || isInterfaceType(parent) ? parent.getFields() : {};
    const field = Object.hasOwn(fields, node.name.value) ? fields[node.name.value]! : undefined;
    const type = field?.type;
    const named = getNamedType(type);
    if (!type || !node.selectionSet || !isCompositeType(named)) {
      return { depth: 1, cost: 0 };
    }
    const isPage = isObjectType(named) && named.name.endsWith("Connection");
    const inner = this.selections(node.selectionSet, named, isPage ? pageSizeOf(node) : 1);
    const isList = isListType(isNonNullType(type) ? type.ofType : type);
    const times = isList ? (node.name.value === "edges" ? pageSize : listLengthOf(node, field!)) : 1;
    return { depth: inner.depth + 1, cost: times * (inner.cost + 1) };
  }
}

/** A list that is told how many of its last entries are wanted has as many. */
function listLengthOf(node: FieldNode, { args }: GraphQLField<unknown, unknown>): number {
  const tail = args.find(({ name }) => name === "tail");
  if (!tail) {
    return usualListLength;
  }
  const given = node.arguments?.find(({ name }) => name.value === tail.name)?.value;
  if (!given || given.kind === Kind.NULL) {
    return Number(tail.defaultValue);
  }
  const length = given.kind === Kind.INT ? Number(given.value) : longestTail;
  return Math.min(Math.max(length, 1), longestTail);
}

/** A page size that comes in a variable may be the largest. */
function pageSizeOf(node: FieldNode): number {
  const given = node.arguments?.find(({ name }) => name.value === "first" || name.value === "last")?.value;
  if (!given || given.kind === Kind.NULL) {
    return defaultPageSize;
  }
  const size = given.kind === Kind.INT ? Number(given.value) : maxPageSize;
  return Math.min(Math.max(size, 1), maxPageSize);
}
