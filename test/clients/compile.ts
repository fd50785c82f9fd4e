import { execFile } from "node:child_process";
import { resolve } from "node:path";

const compiler = resolve("node_modules/typescript/bin/tsc");

/** What tsc finds wrong in a folder with a tsconfig.json, an entry a line; empty when nothing is. */
export function compile(folder: string): Promise<string[]> {
  return new Promise((done, reject) => {
    execFile(process.execPath, [compiler, "-p", folder, "--pretty", "false"], (error, stdout, stderr) => {
      const found = stdout.split("\n").filter((line) => line.includes("error TS"));
      if (error && found.length === 0) {
        reject(new Error(`tsc failed: ${stdout}${stderr}`, { cause: error }));
      } else {
        done(found);
      }
    });
  });
}
