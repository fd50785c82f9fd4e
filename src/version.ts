import { readFileSync } from "node:fs";

const manifest = new URL("../../package.json", import.meta.url);

/** Version of this Rebake, e.g. `0.1.0`. */
export const version: string = JSON.parse(readFileSync(manifest, "utf8")).version;
