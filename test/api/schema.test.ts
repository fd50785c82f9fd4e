import { readFileSync } from "node:fs";
import { expect } from "chai";
import {
  type GraphQLInputObjectType,
  type GraphQLObjectType,
  getNamedType,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isListType,
  isNonNullType,
  isObjectType,
  isScalarType,
  isUnionType,
} from "graphql";
import type { z } from "zod";
import { buildApiSchema } from "../../src/api/schema.js";
import { schemaText } from "../../src/api/schema-text.js";
import { recipeSpecSchema } from "../../src/domain/recipe-spec.js";

const schema = buildApiSchema();

describe("the schema", () => {
  it("is the committed one (npm run schema brings it up to date)", () => {
    const committed = readFileSync(new URL("../../../schema/schema.graphql", import.meta.url), "utf8");
    expect(schemaText(schema)).to.equal(committed);
  });

  it("describes every type, field, argument and value", () => {
    expect(undescribed()).to.deep.equal([]);
  });

  it("keeps to Relay's rules for connections", () => {
    const connections = Object.values(schema.getTypeMap()).filter(({ name }) => name.endsWith("Connection"));
    expect(connections).to.have.lengthOf(11);
    for (const connection of connections) {
      const fields = (connection as GraphQLObjectType).getFields();
      expect(String(fields.pageInfo!.type)).to.equal("PageInfo!");
      expect(String(fields.totalCount!.type)).to.equal("Int!");
      const edge = (getNamedType(fields.edges!.type) as GraphQLObjectType).getFields();
      expect(String(edge.cursor!.type)).to.equal("String!");
    }
  });

  it("has the fields of the recipe spec that is parsed, in output and input", () => {
    const differences: string[] = [];
    compare(recipeSpecSchema, "RecipeSpec", differences);
    expect(differences).to.deep.equal([]);
  });
});

function undescribed(): string[] {
  const missing: string[] = [];
  const check = (path: string, item: { description?: string | null }) => {
    if (!item.description?.trim()) {
      missing.push(path);
    }
  };
  for (const type of Object.values(schema.getTypeMap())) {
    if (type.name.startsWith("__") || ["Query", "Mutation", "Subscription"].includes(type.name)) {
      continue;
    }
    check(type.name, type);
  }
  for (const type of Object.values(schema.getTypeMap()).filter(({ name }) => !name.startsWith("__"))) {
    if (isEnumType(type)) {
      type.getValues().forEach((value) => {
        check(`${type.name}.${value.name}`, value);
      });
    } else if (isObjectType(type) || isInterfaceType(type)) {
      for (const field of Object.values(type.getFields())) {
        check(`${type.name}.${field.name}`, field);
        field.args.forEach((argument) => {
          check(`${type.name}.${field.name}(${argument.name})`, argument);
        });
      }
    } else if (isInputObjectType(type)) {
      for (const field of Object.values(type.getFields())) {
        check(`${type.name}.${field.name}`, field);
      }
    } else {
      expect(isScalarType(type) || isUnionType(type)).to.equal(true);
    }
  }
  return missing;
}

/** What a zod type says once its wrappers are off. */
function unwrap(type: z.ZodType): { inner: z.ZodType; nullable: boolean } {
  let inner = type;
  let nullable = false;
  for (;;) {
    const { def } = inner as unknown as { def: { type: string; innerType?: z.ZodType; in?: z.ZodType } };
    if (def.type === "nullable") {
      nullable = true;
    }
    const next = def.innerType ?? def.in;
    if (!next) {
      return { inner, nullable };
    }
    inner = next;
  }
}

interface ZodInside {
  def: { type: string; element?: z.ZodType; entries?: object };
  shape?: Record<string, z.ZodType>;
}

function compare(type: z.ZodType, name: string, differences: string[]): void {
  const shape = (unwrap(type).inner as unknown as ZodInside).shape!;
  const output = (schema.getType(name) as GraphQLObjectType).getFields();
  const input = (schema.getType(`${name}Input`) as GraphQLInputObjectType).getFields();
  const names = Object.keys(shape).sort().join();
  if (names !== Object.keys(output).sort().join() || names !== Object.keys(input).sort().join()) {
    differences.push(`${name}: ${names} / ${Object.keys(output)} / ${Object.keys(input)}`);
    return;
  }
  for (const [field, part] of Object.entries(shape)) {
    compareField(
      `${name}.${field}`,
      part,
      String(output[field]!.type),
      String(input[field]!.type),
      differences,
    );
    const found = getNamedType(output[field]!.type);
    const { inner } = unwrap(part);
    const { def } = inner as unknown as ZodInside;
    const element = def.type === "array" ? unwrap(def.element!).inner : inner;
    if (isObjectType(found)) {
      compare(element, found.name, differences);
    } else if (isEnumType(found)) {
      const values = Object.keys((element as unknown as ZodInside).def.entries ?? {}).sort();
      const here = found.getValues().map((value) => value.name);
      if (values.join() !== here.sort().join()) {
        differences.push(`${name}.${field}: ${values} / ${here}`);
      }
    }
  }
}

function compareField(
  path: string,
  part: z.ZodType,
  output: string,
  input: string,
  differences: string[],
): void {
  const { inner, nullable } = unwrap(part);
  const isList = (inner as unknown as ZodInside).def.type === "array";
  const type = getNamedType(schema.getType(path.split(".")[0]!) as GraphQLObjectType) as GraphQLObjectType;
  const field = type.getFields()[path.split(".")[1]!]!.type;
  const bare = isNonNullType(field) ? field.ofType : field;
  if (output.endsWith("!") === nullable || isListType(bare) !== isList || input.endsWith("!")) {
    differences.push(`${path}: ${output} / ${input}`);
  }
}
