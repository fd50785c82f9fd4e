import "./require-node.mjs";

// `npm test`, `npm test -- test/config.test.ts`, `npm test -- --grep cursor`: what is no option of mocha is a
// test file, all of them unless any is named.
const withValue = ["--grep", "-g", "--fgrep", "-f", "--reporter", "-R", "--timeout", "-t"];

function toMocha(args) {
  const isFile = (arg, index) => !arg.startsWith("-") && !withValue.includes(args[index - 1]);
  const compiled = (file) => file.replace(/^(\.\/)?test\//, "dist/test/").replace(/\.ts$/, ".js");
  const mapped = args.map((arg, index) => (isFile(arg, index) ? compiled(arg) : arg));
  return args.some(isFile) ? mapped : mapped.concat("dist/test/**/*.test.js");
}

import("./build-steps.mjs")
  .then(({ build, runNode }) =>
    build().then(() => {
      process.exitCode = runNode(["node_modules/mocha/bin/mocha.js", ...toMocha(process.argv.slice(2))]);
    }),
  )
  .catch((error) => {
    console.error(error.message);
    process.exitCode = 1;
  });
