import "./require-node.mjs";

// `npm run bench`, or `npm run bench -- fan-out` for those with that word in their name.
import("./build-steps.mjs")
  .then(({ build, root, runNode }) =>
    Promise.all([import("node:fs"), build()]).then(([fs]) => {
      const words = process.argv.slice(2);
      const folder = `${root}/dist/test/bench`;
      const all = fs.existsSync(folder) ? fs.readdirSync(folder).filter((name) => name.endsWith(".js")) : [];
      const chosen = all.filter((name) => words.length === 0 || words.some((word) => name.includes(word)));
      if (chosen.length === 0) {
        throw new Error(`There is no such benchmark; there are: ${all.join(", ") || "none"}.`);
      }
      const failed = chosen.filter((name) => runNode([`dist/test/bench/${name}`]) !== 0);
      process.exitCode = failed.length === 0 ? 0 : 1;
    }),
  )
  .catch((error) => {
    console.error(error.message);
    process.exitCode = 1;
  });
