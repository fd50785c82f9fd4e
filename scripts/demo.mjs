import "./require-node.mjs";

import("./build-steps.mjs")
  .then(({ build }) => build())
  .then(
    () => import("../dist/demo/main.js"),
    (error) => {
      console.error(error.message);
      process.exitCode = 1;
    },
  );
