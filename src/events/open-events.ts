import type pg from "pg";
import type { Log } from "../log.js";
import type { Shutdown } from "../shutdown.js";
import type { Transactions } from "../storage/transaction.js";
import { EventLog } from "./event-log.js";
import type { LoggedEvent } from "./event-map.js";
import { Hub } from "./hub.js";
import { LogReader } from "./log-reader.js";
import { Notifier } from "./notifier.js";
import { Retention } from "./retention.js";

export interface Events {
  log: EventLog;
  hub: Hub;
  notifier: Notifier;
  /** Calls the listener with every event of the log from now on, whichever server made it. */
  onEvent(listener: (event: LoggedEvent) => void): void;
}

/** Follows the event log of a database and fans it out. */
export async function openEvents(
  options: {
    transactions: Transactions;
    connection: pg.ClientConfig;
    retentionDays: number;
    notify: boolean;
    log: Log;
  },
  shutdown: Shutdown,
): Promise<Events> {
  const { transactions, connection, log } = options;
  const { dataSource } = transactions;
  const warn = (what: string) => (error: unknown) => log.warn({ err: error }, what);
  const listeners: ((event: LoggedEvent) => void)[] = [];
  const eventLog = new EventLog(dataSource);
  const hub = new Hub({ read: eventLog.read, onError: warn("a subscription could not be served") });
  const notifier = new Notifier({
    connection,
    notify: options.notify,
    onError: warn("the database's notifications are interrupted"),
  });
  const reader = new LogReader({
    log: eventLog,
    deliver: (events) => {
      hub.publish(events);
      for (const event of events) {
        for (const listener of listeners) {
          listener(event);
        }
      }
    },
    onGap: (error, head) => hub.lost(error, head),
    onError: warn("cannot read the event log; trying again"),
  });
  const retention = new Retention({
    dataSource,
    days: options.retentionDays,
    onError: warn("cannot clean up old events; trying again"),
  });
  hub.start(await reader.start());
  notifier.on("events", (newest) => reader.wake(newest === null ? null : BigInt(newest)));
  transactions.onCommit(notifier.committed);
  notifier.start();
  retention.start();
  shutdown.add("event log", async () => {
    await retention.stop();
    await notifier.stop();
    await reader.stop();
  });
  return { log: eventLog, hub, notifier, onEvent: (listener) => listeners.push(listener) };
}
