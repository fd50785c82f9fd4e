import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import { toolEnvironment } from "../../../src/deployer/tool-environment.js";

const run = promisify(execFile);

/**
 * What one would type: clone, install, start; returns the ms until the first 200. Both sides run npm without
 * its audit, funding and update notes, which are talk with the registry and no part of the install.
 */
export async function byHand(repository: string, folder: string): Promise<number> {
  const env = toolEnvironment(process.env);
  const port = await freePort();
  const started = performance.now();
  await run("git", ["clone", "--quiet", repository, folder], { env });
  await run("npm", ["ci", "--no-audit", "--no-fund", "--no-update-notifier"], { env, cwd: folder });
  const app = spawn(process.execPath, ["server.js"], {
    cwd: folder,
    env: { ...env, PORT: `${port}`, SHOP_SERVICE: "catalog" },
    stdio: "ignore",
  });
  const exited = once(app, "exit");
  try {
    await until200(`http://127.0.0.1:${port}/`);
    return performance.now() - started;
  } finally {
    app.kill("SIGTERM");
    await exited;
  }
}

/** Asks again and again; resolves at the first 200 that `counts`. */
export async function until200(url: string, counts: (body: string) => boolean = () => true): Promise<void> {
  for (const until = Date.now() + 60_000; Date.now() < until; await delay(10)) {
    const response = await fetch(url).catch(() => null);
    const body = await response?.text();
    if (response?.status === 200 && counts(body!)) {
      return;
    }
  }
  throw new Error(`${url} was not answered with 200 in time`);
}

async function freePort(): Promise<number> {
  const probe = createServer();
  await once(probe.listen(0, "127.0.0.1"), "listening");
  const { port } = probe.address() as { port: number };
  await once(probe.close(), "close");
  return port;
}
