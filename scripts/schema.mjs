import "./require-node.mjs";

import("./build-steps.mjs")
  .then(({ build }) => build())
  .then(
    () => import("../dist/src/api/emit-schema.js"),
    (error) => {
      console.error(error.message);
      process.exitCode = 1;
    },
  );
