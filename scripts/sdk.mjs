import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { codegen } from "@graphql-codegen/core";
import * as typedDocumentNode from "@graphql-codegen/typed-document-node";
import * as typescriptOperations from "@graphql-codegen/typescript-operations";
import { parse, Source } from "graphql";

const pluginMap = {
  "typescript-operations": typescriptOperations,
  "typed-document-node": typedDocumentNode,
};

/**
 * Generates what a codegen configuration asks for, as its own command line would, whose many dependencies a
 * build does not need. Every path in it is relative to its folder.
 * @returns {Promise<{ path: string, text: string }[]>} the files, none of them written
 */
export async function generateSdk(folder) {
  const config = JSON.parse(readFileSync(join(folder, "codegen.json"), "utf8"));
  const schema = parse(readFileSync(join(folder, config.schema), "utf8"));
  const documents = graphqlFiles(join(folder, config.documents, ".."));
  return Promise.all(
    Object.entries(config.generates).map(async ([path, output]) => {
      const plugins = output.plugins.map((name) => ({ [name]: {} }));
      const filename = join(folder, path);
      const options = { filename, schema, documents, pluginMap, plugins, config: output.config };
      return { path: filename, text: await codegen(options) };
    }),
  );
}

function graphqlFiles(folder) {
  return readdirSync(folder)
    .filter((name) => name.endsWith(".graphql"))
    .sort()
    .map((name) => ({
      location: name,
      document: parse(new Source(readFileSync(join(folder, name), "utf8"), name)),
    }));
}
