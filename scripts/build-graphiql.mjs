import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";

const workers = {
  editor: "monaco-editor/esm/vs/editor/editor.worker.js",
  json: "monaco-editor/esm/vs/language/json/json.worker.js",
  graphql: "monaco-graphql/esm/graphql.worker.js",
};

/**
 * Bundles the page in `source` with everything it needs into `target`, under names that change with what is in
 * the files, so that they may be cached for ever; only `index.html` always has the same name.
 */
export async function buildGraphiql(source, target) {
  const { build, stop } = await import("esbuild");
  const folder = `${target}.new`;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const options = {
    bundle: true,
    minify: true,
    metafile: true,
    outdir: folder,
    entryNames: "[name]-[hash]",
    assetNames: "[name]-[hash]",
    target: "es2022",
    define: { "process.env.NODE_ENV": '"production"' },
    loader: { ".ttf": "file", ".svg": "copy" },
    logLevel: "warning",
  };
  const background = await build({ ...options, entryPoints: workers, format: "iife" });
  const names = Object.fromEntries(
    outputs(background).map((name) => [name.replace(/-[^-]*$/, ""), `./${name}`]),
  );
  const page = await build({
    ...options,
    entryPoints: [join(source, "main.tsx"), join(source, "icon.svg")],
    format: "esm",
    define: { ...options.define, WORKERS: JSON.stringify(names) },
  });
  const html = readFileSync(join(source, "index.html"), "utf8");
  const ending = (end) => outputs(page).find((name) => name.endsWith(end));
  writeFileSync(
    join(folder, "index.html"),
    html.replace(/\{(.*?)\}/g, (_whole, end) => `graphiql/${ending(end)}`),
  );
  rmSync(target, { recursive: true, force: true });
  renameSync(folder, target);
  // Whoever builds may go on as the server: esbuild's own process would stay beside it.
  await stop();
}

function outputs({ metafile }) {
  return Object.keys(metafile.outputs).map((path) => basename(path));
}
