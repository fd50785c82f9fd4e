import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** The program for containers, `container/main.ts` with all it imports, as the build has made it. */
export interface ContainerBundle {
  path: string;
  text: string;
  /** SHA-256 of the text in hexadecimal: the same as long as containers run the same program. */
  hash: string;
}

let bundle: ContainerBundle | null = null;

/** Read once. */
export function containerBundle(): ContainerBundle {
  bundle ??= readBundle();
  return bundle;
}

function readBundle(): ContainerBundle {
  const path = fileURLToPath(new URL("container.bundle.mjs", import.meta.url));
  const text = readFileSync(path, "utf8");
  return { path, text, hash: createHash("sha256").update(text).digest("hex") };
}
