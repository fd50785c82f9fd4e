import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Post } from "./connection.js";

export interface HttpLoadOptions {
  host: string;
  port: number;
  path: string;
  /** What to send; a GET when absent. */
  post?: Post;
  connections: number;
  /** Null: as many as it can. */
  perSecond: number | null;
  warmUpSeconds: number;
  seconds: number;
}

/** Latencies in ms. */
export interface HttpLoadResult {
  perSecond: number;
  p50: number;
  p99: number;
}

const script = fileURLToPath(new URL("./http-load.js", import.meta.url));

/** Puts load on an address from another process; any answer but 200 is an error. */
export async function runHttpLoad(options: HttpLoadOptions): Promise<HttpLoadResult> {
  const { stdout } = await promisify(execFile)(process.execPath, [script, JSON.stringify(options)]);
  return JSON.parse(stdout) as HttpLoadResult;
}
