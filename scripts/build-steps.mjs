import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { withLock } from "./lock.mjs";

export const root = fileURLToPath(new URL("..", import.meta.url));
const at = (...path) => join(root, ...path);
const sourceFolders = ["src", "migrations", "demo", "test", "graphiql"];

/**
 * Installs dependencies, compiles and bundles, each only when something changed since; says nothing when nothing did.
 * Every path is relative to the project, wherever the caller is.
 */
export async function build() {
  mkdirSync(at("dist"), { recursive: true });
  await withLock(at("dist", ".build-lock"), async () => {
    install();
    compile();
    await bundlePage();
    await bundleContainer();
  });
}

/** Runs Node on a file of the project and ends like it did. */
export function runNode(args) {
  const { status, signal } = spawnSync(process.execPath, args, { cwd: root, stdio: "inherit" });
  if (signal !== null) {
    process.kill(process.pid, signal);
  }
  return status ?? 1;
}

function install() {
  const wanted = sha256(readFileSync(at("package-lock.json")));
  const stamp = at("node_modules", ".rebake-install");
  if (read(stamp) === wanted) {
    return;
  }
  if (!installedByHand()) {
    console.log("Installing dependencies (npm ci)");
    npm("ci", "--include=dev", "--no-audit", "--no-fund", "--loglevel=error");
  }
  writeFileSync(stamp, wanted);
}

/** npm writes this file last; when it is newer than the lock file, somebody ran `npm ci` since. */
function installedByHand() {
  const written = at("node_modules", ".package-lock.json");
  return (
    !existsSync(at("node_modules", ".rebake-install")) &&
    existsSync(written) &&
    statSync(written).mtimeMs >= statSync(at("package-lock.json")).mtimeMs
  );
}

function npm(...args) {
  const script = process.env.npm_execpath;
  const [command, first] = script ? [process.execPath, [script]] : ["npm", []];
  const { status, error } = spawnSync(command, [...first, ...args], { cwd: root, stdio: "inherit" });
  if (status !== 0) {
    throw new Error(`npm ${args[0]} failed${error ? `: ${error.message}` : ""}; see its output above.`);
  }
}

function compile() {
  const stamp = at("dist", ".sources");
  const sources = sourceFolders.flatMap((folder) => filesBelow(folder, ".ts"));
  const wanted = fingerprint([...sources, "tsconfig.json", "package-lock.json"]);
  if (read(stamp) === wanted) {
    return;
  }
  runCompiler(".");
  removeOrphans(new Set(sources));
  writeFileSync(stamp, wanted);
}

/** Makes the page of GraphiQL, which the server serves from dist. */
async function bundlePage() {
  const stamp = at("dist", ".page");
  const wanted = fingerprint([
    ...filesBelow("graphiql", ""),
    "scripts/build-graphiql.mjs",
    "package-lock.json",
  ]);
  if (read(stamp) === wanted) {
    return;
  }
  runCompiler("graphiql");
  const { buildGraphiql } = await import("./build-graphiql.mjs");
  await buildGraphiql(at("graphiql"), at("dist", "page"));
  writeFileSync(stamp, wanted);
}

/** Makes the program that drivers put into containers; the compiler has checked what it is made of. */
async function bundleContainer() {
  const stamp = at("dist", ".container");
  const wanted = fingerprint([
    ...filesBelow("src/deployer", ".ts"),
    "scripts/build-container.mjs",
    "package-lock.json",
  ]);
  if (read(stamp) === wanted) {
    return;
  }
  const { buildContainer } = await import("./build-container.mjs");
  await buildContainer(
    at("src", "deployer", "container", "main.ts"),
    at("dist", "src", "deployer", "container.bundle.mjs"),
  );
  writeFileSync(stamp, wanted);
}

function runCompiler(project) {
  const compiler = at("node_modules", "typescript", "bin", "tsc");
  if (runNode([compiler, "-p", project]) !== 0) {
    throw new Error("The TypeScript compiler found errors; see its output above.");
  }
}

/** What was compiled from a file that is gone would still be run: as a test, as a migration. */
function removeOrphans(sources) {
  for (const folder of sourceFolders) {
    for (const output of filesBelow(join("dist", folder), ".js")) {
      if (!sources.has(output.slice("dist/".length).replace(/\.js$/, ".ts"))) {
        rmSync(at(output));
        rmSync(at(`${output}.map`), { force: true });
      }
    }
  }
}

function filesBelow(folder, ending) {
  if (!existsSync(at(folder))) {
    return [];
  }
  const entries = readdirSync(at(folder), { withFileTypes: true });
  return entries.flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    return entry.isDirectory() ? filesBelow(path, ending) : path.endsWith(ending) ? [path] : [];
  });
}

function fingerprint(files) {
  const facts = files.sort().map((file) => {
    const { mtimeMs, size } = statSync(at(file));
    return `${file} ${mtimeMs} ${size}`;
  });
  return sha256(facts.join("\n"));
}

function sha256(content) {
  return createHash("sha256").update(content).digest("hex");
}

function read(file) {
  return existsSync(file) ? readFileSync(file, "utf8") : null;
}
