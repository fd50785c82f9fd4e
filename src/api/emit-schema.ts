import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { buildApiSchema } from "./schema.js";
import { schemaText } from "./schema-text.js";

/** Run by `npm run schema`: brings the committed schema up to date. */
const file = fileURLToPath(new URL("../../../schema/schema.graphql", import.meta.url));
writeFileSync(file, schemaText(buildApiSchema()));
