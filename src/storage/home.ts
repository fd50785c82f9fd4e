import { createHash, randomUUID } from "node:crypto";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { connect, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { StartError } from "../errors.js";

/** The folder of one server's files, held by one process at a time. */
export interface Home {
  readonly folder: string;
  /** Random, made with the folder: PROCESS environments belong to it. */
  readonly hostId: string;
  /** Lets another process have it. */
  release(): Promise<void>;
}

/** What is secret in it is closed by itself; as root, the user PostgreSQL runs as must get to its own part. */
const folderMode = process.getuid?.() === 0 ? 0o711 : 0o700;
/** What services leave there (working copies, logs, sources) is nobody else's business. */
const privateFolders = ["services", "cache", "run"];

/** What fits into the address of a Unix socket on every system. */
const longestSocketPath = 100;

/**
 * Opens the home, making it when it is missing, for this process alone.
 * @throws StartError HOME_IN_USE, CONFIG_INVALID when the folder cannot be made or written
 */
export async function openHome(folder: string): Promise<Home> {
  try {
    await mkdir(folder, { recursive: true, mode: folderMode });
    for (const name of privateFolders) {
      await mkdir(join(folder, name), { recursive: true, mode: 0o700 });
    }
    const lock = await takeLock(folder);
    const hostId = await readOrMake(join(folder, "host-id"), () => randomUUID());
    return { folder, hostId, release: () => new Promise((resolve) => lock.close(() => resolve())) };
  } catch (error) {
    if (error instanceof StartError) {
      throw error;
    }
    const { code } = error as NodeJS.ErrnoException;
    throw new StartError(
      "CONFIG_INVALID",
      `REBAKE_HOME ${folder} cannot be used (${code}): set it to a folder this user may write to.`,
    );
  }
}

async function readOrMake(file: string, make: () => string): Promise<string> {
  try {
    return (await readFile(file, "utf8")).trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") {
      throw error;
    }
    const made = make();
    await writeFile(file, `${made}\n`, { flag: "wx", mode: 0o600 });
    return made;
  }
}

/**
 * A socket that nobody sends anything to: it can be connected to exactly as long as its process lives, however
 * that ends, so that no stale lock is ever left.
 */
async function takeLock(folder: string): Promise<Server> {
  const path = socketPath(folder);
  const lock = await listen(path);
  if (lock) {
    return lock;
  }
  if (!(await answers(path))) {
    await rm(path, { force: true });
    const second = await listen(path);
    if (second) {
      return second;
    }
  }
  throw new StartError(
    "HOME_IN_USE",
    `Another Rebake runs with the home ${folder}: stop it, or set REBAKE_HOME to another folder.`,
  );
}

function socketPath(folder: string): string {
  const inside = join(folder, "server.sock");
  const hash = createHash("sha256").update(folder).digest("hex").slice(0, 16);
  return Buffer.byteLength(inside) <= longestSocketPath ? inside : join(tmpdir(), `rebake-${hash}.sock`);
}

function listen(path: string): Promise<Server | null> {
  const server = createServer((socket) => socket.destroy());
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) =>
      error.code === "EADDRINUSE" ? resolve(null) : reject(error),
    );
    server.listen(path, () => {
      server.unref();
      resolve(server);
    });
  });
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}
