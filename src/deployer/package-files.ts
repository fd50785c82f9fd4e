import { readFile } from "node:fs/promises";
import { join } from "node:path";

/** What decides how an app's dependencies are installed. */
export interface PackageFiles {
  /** Texts of package.json, the lock file and .npmrc, by file name. */
  texts: ReadonlyMap<string, string>;
  /** Whether the installed folder depends on these texts alone, so that deployments can share it. */
  shareable: boolean;
  /** Whether there is anything to install or run. */
  empty: boolean;
}

const lockFiles = ["npm-shrinkwrap.json", "package-lock.json"];
const dependencyFields = ["dependencies", "devDependencies", "optionalDependencies", "peerDependencies"];
/** Scripts of the app itself that npm runs at an install and that may need its source. */
const installScripts = [
  "preinstall",
  "install",
  "postinstall",
  "prepublish",
  "preprepare",
  "prepare",
  "postprepare",
  "dependencies",
];

/** Reads them; null without a package.json. One that cannot be parsed is npm's to complain about. */
export async function readPackageFiles(folder: string): Promise<PackageFiles | null> {
  const texts = new Map<string, string>();
  for (const name of ["package.json", ...lockFiles, ".npmrc"]) {
    const text = await readFile(join(folder, name), "utf8").catch(() => null);
    if (text !== null) {
      texts.set(name, text);
    }
  }
  if (!texts.has("package.json")) {
    return null;
  }
  const manifest = parse(texts.get("package.json")!);
  const lock = lockFiles.map((name) => texts.get(name)).find((text) => text !== undefined);
  const scripts = installScripts.some((name) => name in objectOf(manifest?.scripts));
  const specifiers = dependencyFields.flatMap((field) => Object.values(objectOf(manifest?.[field])));
  return {
    texts,
    shareable:
      manifest !== null &&
      lock !== undefined &&
      !scripts &&
      manifest.workspaces === undefined &&
      !specifiers.some(isLocal) &&
      !mentionsLocal(lock),
    empty: manifest !== null && !scripts && specifiers.length === 0 && manifest.workspaces === undefined,
  };
}

function isLocal(specifier: unknown): boolean {
  return typeof specifier === "string" && /^(file:|link:|workspace:|\.{0,2}\/|~\/)/.test(specifier);
}

function mentionsLocal(lock: string): boolean {
  return /"link":\s*true|"(resolved|version)":\s*"(file|link):/.test(lock);
}

function parse(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : null;
  } catch {
    return null;
  }
}

function objectOf(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}
