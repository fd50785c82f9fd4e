import { execFile } from "node:child_process";
import { createServer } from "node:net";
import { promisify } from "node:util";

/** Whether this host has nginx, which the gateway needs on PROCESS. */
export async function hasNginx(): Promise<boolean> {
  return promisify(execFile)("nginx", ["-v"]).then(
    () => true,
    () => false,
  );
}

/** The first ports of a range that nobody listens on; fewer when there are not as many. */
export async function freePorts(
  host: string,
  { first, last }: { first: number; last: number },
  count: number,
): Promise<number[]> {
  const found: number[] = [];
  for (let port = first; port <= last && found.length < count; port++) {
    if (await isFree(host, port)) {
      found.push(port);
    }
  }
  return found;
}

function isFree(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, host, () => server.close(() => resolve(true)));
  });
}
