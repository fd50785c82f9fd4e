import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/** A real server, with its embedded PostgreSQL, that tells what memory it has when it is asked. */
export interface OwnServer {
  child: ChildProcess;
  url: string;
  /** Makes a token: each has a limit of sockets. */
  newToken(): Promise<string>;
}

/** @param flags for Node, besides those that a server runs with */
export async function startOwnServer(home: string, flags: string[]): Promise<OwnServer> {
  const script = fileURLToPath(new URL("./real-server.js", import.meta.url));
  const child = fork(script, [], {
    execArgv: ["--max-semi-space-size=32", ...flags],
    env: {
      ...process.env,
      ...{ PORT: "0", REBAKE_HOME: home, REBAKE_INSTALL: "none", REBAKE_LOG_FORMAT: "json" },
    },
    stdio: ["ignore", "pipe", "inherit", "ipc"],
  });
  const url = await new Promise<string>((resolve, reject) => {
    child.once("exit", (code) => reject(new Error(`the server ended with ${code}`)));
    createInterface({ input: child.stdout! }).on("line", (line) => {
      if (line.includes('"msg":"ready"')) {
        resolve(JSON.parse(line).url);
      }
    });
  });
  const admin = (await readFile(join(home, "admin-token"), "utf8")).trim();
  let tokens = 0;
  return {
    child,
    url,
    async newToken() {
      const query = `mutation { createAccessToken(input: { name: "bench ${++tokens}", environments: null }) { token errors { message } } }`;
      const response = await fetch(`${url}/graphql`, {
        method: "POST",
        headers: { authorization: `Bearer ${admin}`, "content-type": "application/json" },
        body: JSON.stringify({ query }),
      });
      const { data } = (await response.json()) as { data: { createAccessToken: { token: string } } };
      return data.createAccessToken.token;
    },
  };
}

/** Stops it and waits until it and its PostgreSQL have ended. */
export async function stopOwnServer({ child }: OwnServer): Promise<void> {
  child.kill("SIGTERM");
  await once(child, "exit");
}
