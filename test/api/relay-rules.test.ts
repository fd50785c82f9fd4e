import { expect } from "chai";
import {
  type GraphQLField,
  type GraphQLObjectType,
  getNamedType,
  getNullableType,
  isInterfaceType,
  isListType,
  isNonNullType,
  isObjectType,
} from "graphql";
import { buildApiSchema } from "../../src/api/schema.js";

/** https://relay.dev/graphql/connections.htm and objectidentification.htm, as far as a schema can show them. */
const schema = buildApiSchema();
const objects = Object.values(schema.getTypeMap()).filter(
  (type): type is GraphQLObjectType => isObjectType(type) && !type.name.startsWith("__"),
);
const fields = objects.flatMap((type) =>
  Object.values(type.getFields()).map((field) => ({ path: `${type.name}.${field.name}`, field })),
);
const typeOf = (type: GraphQLObjectType, field: string) => String(type.getFields()[field]?.type);
const named = (ending: string) => objects.filter(({ name }) => name.endsWith(ending));
const returns = ({ type }: GraphQLField<unknown, unknown>) => getNamedType(type).name;

/** Lists of nodes that do not grow with use, and are therefore given whole. */
const shortLists = ["Query.environments"];

describe("Relay's rules", () => {
  it("hold for PageInfo", () => {
    const pageInfo = schema.getType("PageInfo") as GraphQLObjectType;
    expect(typeOf(pageInfo, "hasNextPage")).to.equal("Boolean!");
    expect(typeOf(pageInfo, "hasPreviousPage")).to.equal("Boolean!");
    expect(typeOf(pageInfo, "startCursor")).to.equal("String");
    expect(typeOf(pageInfo, "endCursor")).to.equal("String");
  });

  it("hold for connections and their edges", () => {
    expect(named("Connection")).not.to.have.length(0);
    for (const connection of named("Connection")) {
      expect(typeOf(connection, "pageInfo"), connection.name).to.equal("PageInfo!");
      const edges = getNullableType(connection.getFields().edges?.type);
      expect(isListType(edges), connection.name).to.equal(true);
      const edge = getNamedType(edges) as GraphQLObjectType;
      expect(edge.name).to.match(/Edge$/);
      expect(typeOf(edge, "cursor"), edge.name).to.equal("String!");
      expect(isListType(getNullableType(edge.getFields().node!.type)), edge.name).to.equal(false);
    }
    expect(named("Edge").length).to.be.at.most(named("Connection").length);
  });

  it("hold for the arguments of lists", () => {
    for (const { path, field } of fields) {
      const types = Object.fromEntries(field.args.map(({ name, type }) => [name, String(type)]));
      const { first, after, last, before } = types;
      if (returns(field).endsWith("Connection")) {
        const wanted = { first: "Int", after: "String", last: "Int", before: "String" };
        expect({ first, after, last, before }, path).to.deep.equal(wanted);
      } else {
        expect({ first, last, before }, path).to.deep.equal({
          first: undefined,
          last: undefined,
          before: undefined,
        });
      }
    }
  });

  it("hold for Node and everything that has an id of its own", () => {
    const node = schema.getQueryType()!.getFields().node!;
    expect(String(node.type)).to.equal("Node");
    expect(node.args.map(({ name, type }) => `${name}: ${type}`)).to.deep.equal(["id: ID!"]);
    const nodeType = schema.getType("Node");
    expect(isInterfaceType(nodeType) && String(nodeType.getFields().id!.type)).to.equal("ID!");
    for (const edge of named("Edge")) {
      const target = getNamedType(edge.getFields().node!.type) as GraphQLObjectType;
      if (target.getFields().id) {
        expect(
          target.getInterfaces().map(({ name }) => name),
          target.name,
        ).to.include("Node");
      }
    }
  });

  it("hold for lists of nodes: they are connections, unless they stay short", () => {
    const nodes = new Set(schema.getPossibleTypes(schema.getType("Node") as never).map(({ name }) => name));
    const plain = fields
      .filter(({ field }) => isListType(getNullableType(field.type)) && nodes.has(returns(field)))
      .map(({ path }) => path);
    expect(plain).to.deep.equal(shortLists);
  });

  it("hold for mutations: one input, one payload of its own", () => {
    const mutations = Object.values(schema.getMutationType()!.getFields());
    const payloads = mutations.map((mutation) => {
      const [input, ...others] = mutation.args;
      expect(others, mutation.name).to.deep.equal([]);
      expect(input?.name).to.equal("input");
      expect(isNonNullType(input!.type)).to.equal(true);
      expect(String(mutation.type)).to.match(/^\w+Payload!$/);
      return returns(mutation);
    });
    expect(new Set(payloads).size).to.equal(payloads.length);
  });
});
