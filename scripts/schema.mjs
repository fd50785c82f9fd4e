import "./require-node.mjs";
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

// The schema's text first: the SDK of the example clients is generated from it.
import("./build-steps.mjs")
  .then(({ build }) => build())
  .then(
    async () => {
      await import("../dist/src/api/emit-schema.js");
      const { generateSdk } = await import("./sdk.mjs");
      const folder = fileURLToPath(new URL("../examples/clients/", import.meta.url));
      for (const { path, text } of await generateSdk(folder)) {
        writeFileSync(path, text);
      }
    },
    (error) => {
      console.error(error.message);
      process.exitCode = 1;
    },
  );
