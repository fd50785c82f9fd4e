import { type ChildProcess, execFile, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import {
  access,
  chown,
  mkdir,
  mkdtemp,
  open,
  readdir,
  readFile,
  rename,
  rm,
  writeFile,
} from "node:fs/promises";
import { createServer } from "node:net";
import { basename, dirname, join } from "node:path";
import { promisify } from "node:util";
import { StartError } from "../errors.js";
import type { Log } from "../log.js";
import { type Binaries, copyBinaries, findBinaries } from "./postgres-binaries.js";
import { canEnter, canRun, chooseUser, type RunAs, reachableFolder } from "./postgres-user.js";
import {
  findPostmaster,
  type Postmaster,
  removeLockOfZombie,
  stopPostmaster,
  untilReady,
} from "./postmaster.js";

export interface EmbeddedPostgres {
  /** Connects as the owner; holds the password: never log it. */
  readonly url: string;
  /** Where its data is. */
  readonly folder: string;
  /** Fast shutdown: ends all sessions, writes everything; resolves when the process is gone. */
  stop(): Promise<void>;
}

export interface EmbeddedPostgresOptions {
  /** Absolute path; its data goes into `postgres` below it, if the user PostgreSQL runs as can get there. */
  home: string;
  log: Log;
  /** Trades safety against a power cut for speed; for tests. */
  unsafeFast?: boolean;
}

interface Cluster {
  data: string;
  logFile: string;
  binaries: Binaries;
  user: RunAs | null;
  log: Log;
  unsafeFast: boolean;
}

/** Recovery after a hard kill may take long, but not for ever. */
const readyDeadlineMs = 120_000;
/** Milliseconds between looks whether it still runs. */
const watchMs = 1_000;
const owner = "rebake";
/** Kept inside the data folder, so that the two are never apart. */
const passwordFile = "rebake.password";
/** No variable of ours (`PG…`, `LC_…`) may change what it does. */
const environment = { PATH: process.env.PATH ?? "/usr/bin:/bin", LC_ALL: "C", TZ: "UTC" };

/**
 * Runs a real PostgreSQL for this home, in a process group of its own: Ctrl-C is for us to handle first. One
 * that a killed server left running is taken over. The caller holds the lock of the home.
 * @throws StartError DATABASE_FAILED with what PostgreSQL said last
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  try {
    const cluster = await place(options);
    await initialiseOnce(cluster);
    return (await adopt(cluster)) ?? (await start(cluster));
  } catch (error) {
    if (error instanceof StartError) {
      throw error;
    }
    throw failed((error as Error).message);
  }
}

/** Decides where it lives and who runs it. */
async function place(options: EmbeddedPostgresOptions): Promise<Cluster> {
  const { home, log } = options;
  await mkdir(home, { recursive: true, mode: 0o755 });
  const user = await chooseUser(join(home, "postgres"));
  let binaries = await findBinaries();
  let parent = home;
  if (user !== null && !(await canRun(user, binaries.postgres))) {
    binaries = await copyBinaries(binaries, (await reachableFolder(home, user)).shared);
  }
  if (user !== null && !(await canEnter(user, home))) {
    parent = (await reachableFolder(home, user)).own;
    log.warn(
      `PostgreSQL does not run as root and uid ${user.uid} cannot enter ${home}: data is in ${parent}`,
    );
  }
  return {
    data: join(parent, "postgres"),
    logFile: join(parent, "postgres.log"),
    binaries,
    user,
    log,
    unsafeFast: options.unsafeFast ?? false,
  };
}

/** Builds the data folder aside and renames it: one that is there is complete. */
async function initialiseOnce(cluster: Cluster): Promise<void> {
  if (await isThere(cluster.data)) {
    return;
  }
  await removeUnfinished(cluster.data);
  const unfinished = await mkdtemp(`${cluster.data}-unfinished-`);
  const password = `${unfinished}.password`;
  try {
    await writeFile(password, randomBytes(24).toString("base64url"), { mode: 0o600, flag: "wx" });
    if (cluster.user !== null) {
      await chown(unfinished, cluster.user.uid, cluster.user.gid);
      await chown(password, cluster.user.uid, cluster.user.gid);
    }
    await initdb(cluster, unfinished, password);
    await rename(password, join(unfinished, passwordFile));
    await rename(unfinished, cluster.data);
  } finally {
    await rm(password, { force: true });
    await rm(unfinished, { recursive: true, force: true });
  }
}

/** What a server left that was killed while it made the data folder. */
async function removeUnfinished(data: string): Promise<void> {
  for (const name of await readdir(dirname(data))) {
    if (name.startsWith(`${basename(data)}-unfinished-`)) {
      await rm(join(dirname(data), name), { recursive: true, force: true });
    }
  }
}

async function isThere(data: string): Promise<boolean> {
  return access(join(data, "PG_VERSION")).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") {
        return false;
      }
      throw failed(
        `${data} cannot be read (${error.code}); it belongs to the user that first started Rebake`,
      );
    },
  );
}

async function initdb(cluster: Cluster, data: string, password: string): Promise<void> {
  const args = ["-D", data, "-U", owner, `--pwfile=${password}`, "--auth=scram-sha-256", "--encoding=UTF8"];
  args.push("--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--no-instructions");
  if (cluster.unsafeFast) {
    args.push("--no-sync");
  }
  const options = { env: environment, cwd: dirname(data), ...cluster.user };
  await promisify(execFile)(cluster.binaries.initdb, args, options).catch(
    (error: Error & { stderr?: string; stdout?: string }) => {
      throw failed(lastLines(`${error.stdout ?? ""}\n${error.stderr || error.message}`));
    },
  );
}

/** One that is still stopping is waited for; what the caller gets is ready, or null when none runs. */
async function adopt(cluster: Cluster): Promise<EmbeddedPostgres | null> {
  const running = await findPostmaster(cluster.data);
  if (running === null) {
    return null;
  }
  const gone = async () => (await findPostmaster(cluster.data)) === null;
  const ready = await untilReady(cluster.data, gone, readyDeadlineMs);
  if (ready === null) {
    return null;
  }
  cluster.log.info(`took over the PostgreSQL that the last server left running (pid ${ready.pid})`);
  return handle(cluster, ready);
}

async function start(cluster: Cluster): Promise<EmbeddedPostgres> {
  await removeLockOfZombie(cluster.data);
  for (let attempt = 1; ; attempt++) {
    const child = await launch(cluster, await freePort());
    const ready = await untilReady(cluster.data, async () => hasEnded(child), readyDeadlineMs);
    if (ready !== null) {
      return handle(cluster, ready);
    }
    await stopPostmaster(cluster.data, child.pid!);
    const said = lastLines(await readFile(cluster.logFile, "utf8"));
    // Somebody may take the free port before PostgreSQL does.
    if (attempt === 5 || !said.includes("Address already in use")) {
      throw failed(said);
    }
  }
}

async function launch(cluster: Cluster, port: number): Promise<ChildProcess> {
  // A file, not a pipe: it must be able to write after we were killed. Emptied at each start; errors of
  // statements are ours to log, so that it stays small and holds no values.
  const output = await open(cluster.logFile, "w", 0o600);
  const settings = [`port=${port}`, "listen_addresses=127.0.0.1", "unix_socket_directories="];
  settings.push("log_min_messages=log", "log_checkpoints=off", "log_timezone=UTC", "timezone=UTC");
  if (cluster.unsafeFast) {
    settings.push("fsync=off", "full_page_writes=off");
  }
  const args = ["-D", cluster.data, ...settings.flatMap((setting) => ["-c", setting])];
  const stdio: ["ignore", number, number] = ["ignore", output.fd, output.fd];
  const options = { detached: true, cwd: dirname(cluster.data), env: environment, stdio, ...cluster.user };
  try {
    const child = spawn(cluster.binaries.postgres, args, options);
    await once(child, "spawn");
    child.unref();
    return child;
  } finally {
    await output.close();
  }
}

/** Watches it, and starts it again on the same port when it has ended by itself: the pool finds it there. */
async function handle(cluster: Cluster, { pid, port }: Postmaster): Promise<EmbeddedPostgres> {
  const { data, log } = cluster;
  const password = await readFile(join(data, passwordFile), "utf8");
  const current = { pid };
  let looking: Promise<void> | null = null;
  const watch = setInterval(() => {
    looking ??= revive(cluster, current, port).finally(() => {
      looking = null;
    });
  }, watchMs).unref();
  return {
    url: `postgres://${owner}:${password}@127.0.0.1:${port}/postgres`,
    folder: data,
    stop: async () => {
      clearInterval(watch);
      await looking;
      if (!(await stopPostmaster(data, current.pid))) {
        log.error({ pid: current.pid }, "the embedded PostgreSQL does not end");
      }
    },
  };
}

async function revive(cluster: Cluster, current: { pid: number }, port: number): Promise<void> {
  const { data, log, logFile } = cluster;
  try {
    if (await findPostmaster(data)) {
      return;
    }
    log.error({ logFile }, "the embedded PostgreSQL ended by itself; starting it again");
    await removeLockOfZombie(data);
    const child = await launch(cluster, port);
    const ready = await untilReady(data, async () => hasEnded(child), readyDeadlineMs);
    if (ready) {
      current.pid = ready.pid;
      log.info("the embedded PostgreSQL runs again");
    } else {
      log.error(
        { said: lastLines(await readFile(logFile, "utf8")) },
        "the embedded PostgreSQL does not start",
      );
    }
  } catch (error) {
    log.error({ err: error }, "cannot look after the embedded PostgreSQL");
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, "close");
  return port;
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

function lastLines(text: string): string {
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  return lines.slice(-8).join("\n");
}

function failed(why: string): StartError {
  return new StartError(
    "DATABASE_FAILED",
    `The embedded PostgreSQL did not start; set DATABASE_URL to use another one. It said:\n${why}`,
  );
}
