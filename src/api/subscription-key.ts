import { type DocumentNode, type FieldNode, Kind, type OperationDefinitionNode, print, visit } from "graphql";

interface Shape {
  text: string;
  variables: string[];
}

const shapes = new WeakMap<DocumentNode, Shape>();

/**
 * What two subscriptions must have in common to share executions: the document without comments and spacing,
 * the operation, the variables and the scope. The argument `after` of the subscribed field is left out, as
 * is a variable used for nothing else: it says where to begin, not what is delivered.
 */
export function subscriptionKey(
  document: DocumentNode,
  operationName: string | null | undefined,
  variables: Record<string, unknown>,
  scopeKey: string,
): string {
  const shape = shapeOf(document);
  const used = shape.variables.map((name) => [name, variables[name]]);
  return JSON.stringify([shape.text, operationName ?? "", used, scopeKey]);
}

function shapeOf(document: DocumentNode): Shape {
  const known = shapes.get(document);
  if (known) {
    return known;
  }
  const shape = makeShape(document);
  shapes.set(document, shape);
  return shape;
}

function makeShape(document: DocumentNode): Shape {
  const variables = new Set<string>();
  const stripped = visit(document, { OperationDefinition: withoutAfter });
  visit(stripped, {
    VariableDefinition: () => false,
    Variable: (node) => void variables.add(node.name.value),
  });
  const definitions = visit(stripped, {
    VariableDefinition: (node) => (variables.has(node.variable.name.value) ? undefined : null),
  });
  return { text: print(definitions), variables: [...variables].sort() };
}

/** Only where the field stands directly in the operation; within a fragment, `after` just does not share. */
function withoutAfter(operation: OperationDefinitionNode): OperationDefinitionNode {
  const selections = operation.selectionSet.selections.map((selection) =>
    selection.kind === Kind.FIELD ? stripAfter(selection) : selection,
  );
  return { ...operation, selectionSet: { ...operation.selectionSet, selections } };
}

function stripAfter(field: FieldNode): FieldNode {
  return { ...field, arguments: field.arguments?.filter(({ name }) => name.value !== "after") ?? [] };
}
