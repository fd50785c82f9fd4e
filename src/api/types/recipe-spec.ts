import { Field, InputType, ObjectType } from "type-graphql";
import { type PartName, type SpecField, type SpecFieldType, specParts } from "./recipe-spec-table.js";

type PartClass = new () => object;
const outputs = new Map<PartName, PartClass>();
const inputs = new Map<PartName, PartClass>();

/** Parts that occur in lists only. */
const listed = new Set(
  Object.values(specParts)
    .flatMap((part) => Object.values(part.fields))
    .flatMap((field) => (field.list && typeof field.type === "string" ? [field.type] : [])),
);

function emptyClass(name: string): PartClass {
  return { [name]: class {} }[name]!;
}

function addField(
  part: PartClass,
  name: string,
  field: SpecField,
  classes: typeof outputs,
  nullable: boolean,
) {
  const resolve = (type: SpecFieldType) => (typeof type === "string" ? classes.get(type)! : type);
  const type = () => (field.list ? [resolve(field.type)] : resolve(field.type));
  Field(type, { nullable, description: field.description })(part.prototype, name);
}

for (const [name, part] of Object.entries(specParts) as [PartName, (typeof specParts)[PartName]][]) {
  const output = emptyClass(name);
  ObjectType(name, { description: part.description, simpleResolvers: true })(output);
  outputs.set(name, output);

  const input = emptyClass(`${name}Input`);
  const rule = listed.has(name)
    ? "Lists are sent whole, so what is absent here gets its default."
    : "What is absent stays as it is, null clears it, a list is replaced as a whole.";
  InputType(`${name}Input`, { description: `${part.description} ${rule}` })(input);
  inputs.set(name, input);

  for (const [fieldName, field] of Object.entries(part.fields)) {
    addField(output, fieldName, field, outputs, field.nullable ?? false);
    addField(input, fieldName, field, inputs, true);
  }
}

/** A recipe's spec as it is stored: all fields are there. */
export const RecipeSpecType = outputs.get("RecipeSpec")!;
/** A JSON Merge Patch (RFC 7396) for a recipe's spec. */
export const RecipeSpecInput = inputs.get("RecipeSpec")!;
/** A JSON Merge Patch for the source alone. */
export const SourceInput = inputs.get("Source")!;

/** What a service's own source differs in from its recipe's: every field may be missing. */
export const ServiceSourceType = emptyClass("ServiceSource");
ObjectType("ServiceSource", {
  description: "What a service's source differs in from its recipe's; null: as in the recipe.",
  simpleResolvers: true,
})(ServiceSourceType);
for (const [name, field] of Object.entries(specParts.Source.fields)) {
  addField(ServiceSourceType, name, field, outputs, true);
}
