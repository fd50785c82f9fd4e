import { existsSync, readdirSync, readFileSync } from "node:fs";
import { posix } from "node:path";

export interface SourceFile {
  /** From the project's root, e.g. `src/domain/render.ts`. */
  path: string;
  text: string;
  /** What it imports: a path like `path` for a file of the project, else the specifier as written. */
  imports: string[];
}

/** The project's TypeScript and script files below `folders`. */
export function sourceFiles(...folders: string[]): SourceFile[] {
  return folders.flatMap(pathsBelow).map((path) => {
    const text = readFileSync(path, "utf8");
    return { path, text, imports: importsOf(path, text) };
  });
}

function pathsBelow(folder: string): string[] {
  if (!existsSync(folder)) {
    return [];
  }
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    return entry.isDirectory() ? pathsBelow(path) : /\.(ts|mts|mjs|js)$/.test(path) ? [path] : [];
  });
}

const importPattern =
  /(?:^|[\s;}])(?:import|export)\s[^"';]*?from\s*"([^"]+)"|(?:^|\s)import\s*\(?\s*"([^"]+)"/gm;

function importsOf(path: string, text: string): string[] {
  return [...text.matchAll(importPattern)].map((match) => {
    const specifier = match[1] ?? match[2]!;
    const target = posix.join(posix.dirname(path), specifier).replace(/\.js$/, ".ts");
    return specifier.startsWith(".") ? target : specifier;
  });
}
