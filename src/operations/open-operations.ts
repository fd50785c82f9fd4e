import { randomUUID } from "node:crypto";
import type { Drivers } from "../domain/drivers.js";
import { hasEnded } from "../domain/operation.js";
import type { ServiceSnapshot } from "../events/event-map.js";
import type { Events } from "../events/open-events.js";
import type { Log } from "../log.js";
import type { Shutdown } from "../shutdown.js";
import type { SecretBox } from "../storage/secrets.js";
import type { Transactions } from "../storage/transaction.js";
import { version } from "../version.js";
import { BulkRebuilds } from "./bulk-rebuilds.js";
import type { Driver, Target } from "./driver.js";
import type { OpenJournal } from "./journal.js";
import { deployedServices, Observer } from "./observe.js";
import type { ResolveCommit } from "./pin-intent.js";
import { Presence } from "./presence.js";
import { SourceChecker } from "./source-checker.js";
import { buildDeployed, deployedIntent } from "./targets.js";
import { Worker } from "./worker.js";

export interface OperationsOptions {
  hostId: string;
  transactions: Transactions;
  drivers: Drivers;
  secretBox: SecretBox;
  resolveCommit: ResolveCommit;
  events: Events;
  leaseSeconds: number;
  concurrency: number;
  /** Seconds between two looks for new commits on a branch; 0: never. */
  checkSeconds: number;
  log: Log;
  openJournal?: OpenJournal;
}

/** What works on operations, for those who ask how it does. */
export interface Operations {
  worker: Worker;
  presence: Presence;
}

/** Brings back what is deployed on this host, then works on operations until the shutdown. */
export async function openOperations(options: OperationsOptions, shutdown: Shutdown): Promise<Operations> {
  const { transactions, drivers, events, hostId, log } = options;
  const observer = new Observer(options);
  shutdown.add("observer", () => observer.close());
  shutdown.add("drivers", () => Promise.all([...drivers.values()].map((driver) => driver.close())));
  const claimant = { hostId, owner: `${hostId}/${randomUUID()}`, leaseSeconds: options.leaseSeconds };
  const presence = new Presence({
    ...{ transactions, claimant, version, log },
    found: (refs) => {
      for (const ref of refs) {
        observer.look(drivers.get("PROCESS")!, ref);
      }
    },
  });
  // Before anything runs here: the others take what runs on a host that is not there for lost.
  await presence.start();
  shutdown.add("presence", () => presence.stop());
  await restoreDeployed(options);
  const worker = new Worker({
    ...options,
    claimant,
    logWritten: (operationId) => events.notifier.hint("log", operationId),
  });
  const bulkRebuilds = new BulkRebuilds({ transactions, drivers, log });
  events.onEvent((event) => {
    if (event.type === "BULK_REBUILD_CHANGED") {
      bulkRebuilds.wake();
    }
    if (event.type === "SERVICE_CHANGED" && isUnstamped(event.payload)) {
      observer.adopted(event.payload.serviceId);
    }
    if (event.type !== "OPERATION_CHANGED") {
      return;
    }
    const { operationId, serviceId, state, cancelRequested, bulkRebuildId } = event.payload;
    if (hasEnded(state)) {
      observer.operationEnded(serviceId);
      if (bulkRebuildId) {
        bulkRebuilds.wake();
      }
    }
    if (state === "QUEUED") {
      worker.wake();
    } else if (state === "RUNNING" && cancelRequested) {
      worker.cancelRequested(operationId);
    }
  });
  void observer.lookAtUntold();
  worker.start();
  shutdown.add("worker", () => worker.stop());
  bulkRebuilds.start();
  shutdown.add("bulk rebuilds", () => bulkRebuilds.stop());
  lookForCommits(options, shutdown);
  return { worker, presence };
}

/** Whether it was adopted and nothing of it was rebuilt yet. */
function isUnstamped({ adopted, revision, removed }: ServiceSnapshot): boolean {
  return Boolean(adopted) && revision === null && !removed;
}

function lookForCommits({ checkSeconds, log, ...options }: OperationsOptions, shutdown: Shutdown): void {
  if (checkSeconds > 0) {
    const checker = new SourceChecker({ ...options, intervalSeconds: checkSeconds, log });
    checker.start();
    shutdown.add("look for new commits", () => checker.stop());
  }
}

/** One service that cannot be brought back (a secret that does not open, say) must not keep the others down. */
async function restoreDeployed({
  transactions,
  drivers,
  secretBox,
  hostId,
  log,
}: OperationsOptions): Promise<void> {
  const targets: Target[] = [];
  for (const service of await deployedServices(transactions, hostId)) {
    try {
      const { manager } = transactions.dataSource;
      targets.push(await buildDeployed(manager, secretBox, service, deployedIntent(service)!));
    } catch (error) {
      log.error({ err: error, service: service.id }, "a deployed service cannot be brought back");
    }
  }
  // Only what belongs to a host lives with its server.
  const here = (driver: Driver) => (driver.kind === "PROCESS" ? targets : []);
  await Promise.all([...drivers.values()].map((driver) => driver.restore(here(driver))));
}
