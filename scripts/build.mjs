import "./require-node.mjs";

import("./build-steps.mjs")
  .then(({ build }) => build())
  .catch((error) => {
    console.error(error.message);
    process.exitCode = 1;
  });
