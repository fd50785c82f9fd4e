import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { freshHome, rememberServer } from "./home.js";

export interface DemoServer {
  /** Address of the GraphQL API. */
  api: string;
  token: string;
  /** Rejects when the server ends although nobody asked it to. */
  died: Promise<never>;
  /** Asks it to stop and waits; one that will not go is killed. */
  stop(): Promise<void>;
}

export interface ServerOptions {
  /** Emptied first. */
  home: string;
  /** Null for any that is free. */
  port: number | null;
  /** Gets every line it prints; without it the last lines are kept for an error. */
  verbose: ((line: string) => void) | null;
  /** Aborts the start. */
  signal: AbortSignal;
}

// From dist/demo.
const script = fileURLToPath(new URL("../src/main.js", import.meta.url));
/** Its own, so that a Rebake that runs already keeps its ports. */
const servicePorts = "23000-23999";
const readyWithinMs = 60_000;
const stopWithinMs = 30_000;
const keptLines = 20;

/** Starts a Rebake server with an empty home and resolves when it is ready for requests. */
export async function startServer(options: ServerOptions): Promise<DemoServer> {
  await freshHome(options.home, script);
  const port = options.port ?? (await freePort());
  // In a group of its own: Ctrl-C is for the demo, which then stops the server once, not twice.
  const child = spawn(process.execPath, ["--max-semi-space-size=32", script], {
    detached: true,
    env: serverEnv(options.home, port),
    stdio: ["ignore", "pipe", "pipe"],
  });
  const lastLines = follow(child, options.verbose);
  const died = diedOf(child, lastLines);
  const stop = () => end(child);
  try {
    await Promise.race([once(child, "spawn"), died]);
    await rememberServer(options.home, child.pid!);
    await Promise.race([untilReady(port, options.signal), died]);
    const token = (await readFile(join(options.home, "admin-token"), "utf8")).trim();
    return { api: `http://127.0.0.1:${port}/graphql`, token, died, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** The surroundings without what would point the server at another database or home. */
function serverEnv(home: string, port: number): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(
    ([name]) => !name.startsWith("REBAKE_") && name !== "DATABASE_URL",
  );
  return {
    ...Object.fromEntries(inherited),
    PORT: `${port}`,
    HOST: "127.0.0.1",
    REBAKE_HOME: home,
    REBAKE_SERVICE_PORTS: servicePorts,
    REBAKE_LOG_FORMAT: "pretty",
  };
}

function follow(child: ChildProcess, verbose: ServerOptions["verbose"]): string[] {
  const lastLines: string[] = [];
  for (const stream of [child.stdout!, child.stderr!]) {
    createInterface({ input: stream }).on("line", (line) => {
      lastLines.push(line);
      lastLines.splice(0, lastLines.length - keptLines);
      verbose?.(line);
    });
  }
  return lastLines;
}

function diedOf(child: ChildProcess, lastLines: string[]): Promise<never> {
  const died = new Promise<never>((_resolve, reject) => {
    child.once("error", reject);
    // Not "exit": by "close" everything it printed has been read.
    child.once("close", (code, signal) => {
      const said = lastLines.map((line) => `\n  ${line}`).join("");
      reject(new Error(`The server ended with ${signal ?? `exit code ${code}`}. It said last:${said}`));
    });
  });
  died.catch(() => {});
  return died;
}

async function untilReady(port: number, signal: AbortSignal): Promise<void> {
  for (const until = Date.now() + readyWithinMs; Date.now() < until; await delay(50, undefined, { signal })) {
    const response = await fetch(`http://127.0.0.1:${port}/readyz`, { signal }).catch(() => null);
    await response?.arrayBuffer();
    if (response?.ok) {
      return;
    }
    signal.throwIfAborted();
  }
  throw new Error(`The server was not ready within ${readyWithinMs / 1000} s; --verbose shows what it does.`);
}

async function end(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) {
    return;
  }
  const exited = once(child, "exit");
  child.kill("SIGTERM");
  const patience = setTimeout(() => child.kill("SIGKILL"), stopWithinMs);
  await exited;
  clearTimeout(patience);
}

async function freePort(): Promise<number> {
  const probe = createServer();
  await once(probe.listen(0, "127.0.0.1"), "listening");
  const { port } = probe.address() as { port: number };
  await once(probe.close(), "close");
  return port;
}
