import "reflect-metadata";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as wait } from "node:timers/promises";
import { type Api, createApi, examplePath } from "./api/server.js";
import { openSockets } from "./api/sockets.js";
import { banner } from "./banner.js";
import { type Config, readConfig } from "./config.js";
import { resolveCommit } from "./deployer/resolve-commit.js";
import type { Drivers } from "./domain/drivers.js";
import { entities } from "./domain/entities.js";
import { fingerprintVersion } from "./domain/fingerprint.js";
import { refreshFingerprints } from "./domain/refresh-fingerprints.js";
import { StartError } from "./errors.js";
import { type Events, openEvents } from "./events/open-events.js";
import { advertisedUrl } from "./install/advertise.js";
import { readClusterConnection } from "./install/cluster-keys.js";
import { exampleFolder, installExamples, type Place } from "./install/install.js";
import { readSwarmConnection } from "./install/swarm-keys.js";
import { createLog, type Log } from "./log.js";
import type { OpenJournal } from "./operations/journal.js";
import { openOperations } from "./operations/open-operations.js";
import { Shutdown } from "./shutdown.js";
import { ensureAdminToken } from "./storage/admin-token.js";
import { openStorage, type Storage } from "./storage/open-storage.js";

/** What a server is made with: its parts that others could stand in for. */
export interface ServerParts {
  createDrivers(config: Config, storage: Storage, log: Log): Drivers;
  /** `Journal` itself, unless somebody wants to look over its shoulder. */
  openJournal?: OpenJournal;
}

/** Builds everything once, in this order, and tells `shutdown` how to end it in the reverse one. */
async function start(parts: ServerParts, config: Config, log: Log, shutdown: Shutdown): Promise<void> {
  const storage = await openStorage(config, entities, log, shutdown);
  const { home, transactions, secretBox, installation } = storage;
  const { hostId } = home;
  const drivers = parts.createDrivers(config, storage, log);
  assertInstallable(config, drivers);
  if (installation.fingerprintVersion < fingerprintVersion) {
    await refreshFingerprints(transactions, drivers);
  }
  const events = await openEvents(
    {
      transactions,
      connection: { connectionString: storage.databaseUrl },
      retentionDays: config.eventRetentionDays,
      notify: config.notify,
      log: log.child({ part: "events" }),
    },
    shutdown,
  );
  const token = await ensureAdminToken(transactions, home);
  const { worker, presence } = await openOperations(
    {
      ...{ hostId, transactions, drivers, secretBox, resolveCommit, events },
      leaseSeconds: config.leaseSeconds,
      concurrency: config.concurrency,
      checkSeconds: config.checkSeconds,
      log: log.child({ part: "operations" }),
      ...(parts.openJournal && { openJournal: parts.openJournal }),
    },
    shutdown,
  );
  const { dataSource } = transactions;
  const api = await createApi(
    {
      ...{ dataSource, transactions, drivers, hostId, secretBox },
      eventLog: events.log,
      hints: events.notifier,
      log: log.child({ part: "api" }),
    },
    {
      corsOrigins: config.corsOrigins,
      introspection: config.introspection,
      // Elsewhere it is read as files, and what its owner commits to it is nobody else's.
      exampleRepository: config.installDriver === "PROCESS" ? null : exampleFolder(home.folder),
      checks: {
        database: () => dataSource.query("select 1"),
        writes: () => presence.check(),
        worker: async () => {
          if (!worker.healthy) {
            throw new Error("the worker cannot look for work");
          }
        },
      },
    },
  );
  events.onEvent((event) => api.edge.metrics.eventSeen(event));
  const url = await listen(config, api, events, shutdown);
  const installed =
    config.install === "examples"
      ? await installExamples({
          ...{ home: home.folder, hostId, transactions, drivers, secretBox },
          imagePrefix: config.installImagePrefix,
          place: placeOf(config, url),
        })
      : null;
  if (installed?.notice) {
    log.warn(installed.notice);
  }
  log.info({ url, home: home.folder, tokenFile: token.file, node: process.version }, "ready");
  if (config.logFormat === "pretty") {
    process.stdout.write(`${banner({ url, tokenFile: token.file, madeToken: token.made, installed })}\n`);
  }
}

/** @param url where the API listens */
function placeOf(config: Config, url: string): Place {
  const repository = () => `${advertisedUrl(config, url)}${examplePath}`;
  switch (config.installDriver) {
    case "PROCESS":
      return { driver: "PROCESS", host: config.serviceHost, ports: config.servicePorts };
    case "SWARM":
      return {
        ...{ driver: "SWARM", repository },
        connection: () => readSwarmConnection(config.swarmHost, config.swarmCertPath),
      };
    case "KUBERNETES":
      return { driver: "KUBERNETES", repository, connection: () => readClusterConnection(config) };
  }
}

/** @throws StartError CONFIG_INVALID */
function assertInstallable({ installDriver }: Config, drivers: Drivers): void {
  if (!drivers.has(installDriver)) {
    const there = [...drivers.keys()].join(", ");
    const message = `REBAKE_INSTALL_DRIVER is ${installDriver}, which this version has no driver for: set it to ${there}, or leave it out.`;
    throw new StartError("CONFIG_INVALID", message);
  }
}

async function listen(config: Config, api: Api, events: Events, shutdown: Shutdown): Promise<string> {
  const server = createServer(api.app);
  const sockets = openSockets(api.edge, events, server, config);
  server.listen(config.port, config.host);
  try {
    await once(server, "listening");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const message = `Cannot listen on ${config.host}:${config.port} (${code}): set PORT or HOST to something free.`;
    throw new StartError("PORT_IN_USE", message);
  }
  shutdown.add("api", async () => {
    const closed = closeServer(server);
    await sockets.close();
    await api.close();
    await closed;
  });
  const { address, port, family } = server.address() as AddressInfo;
  return `http://${family === "IPv6" ? `[${address}]` : address}:${port}`;
}

/** Requests that are being answered may end, idle connections may not linger. */
async function closeServer(server: Server): Promise<void> {
  const closed = once(server, "close");
  server.close();
  server.closeIdleConnections();
  const patience = setTimeout(() => server.closeAllConnections(), 5_000);
  await closed;
  clearTimeout(patience);
}

/** How long a stop waits for a start that is still under way, in milliseconds. */
const startPatience = 30_000;

async function run(parts: ServerParts): Promise<void> {
  const config = readConfig({ env: process.env, cwd: process.cwd(), isTty: process.stdout.isTTY === true });
  const log = createLog(config);
  const shutdown = new Shutdown(log);
  let begun: Promise<void> = Promise.resolve();
  const stop = async (signal: NodeJS.Signals) => {
    log.info({ signal }, "stopping");
    // What is half begun, a database above all, can be ended only once it is there.
    await Promise.race([begun.catch(() => {}), wait(startPatience)]);
    await shutdown.run();
    log.info("stopped");
    process.exit();
  };
  process.on("SIGINT", stop).on("SIGTERM", stop);
  process.on("unhandledRejection", (error) => log.error({ err: error }, "an error that nobody waited for"));
  try {
    begun = start(parts, config, log, shutdown);
    await begun;
  } catch (error) {
    await shutdown.run();
    throw error;
  }
}

/** Runs a server as this process: from its environment variables to the signal that ends it. */
export async function serve(parts: ServerParts): Promise<void> {
  try {
    await run(parts);
  } catch (error) {
    const { message, stack } = error as Error;
    process.stderr.write(`${error instanceof StartError ? `${message} [${error.code}]` : stack}\n`);
    process.exit(1);
  }
}
