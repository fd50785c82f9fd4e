/**
 * Why the database does not do what it is asked now, though the question was right. `UNREACHABLE`: no connection, or it
 * starts or stops. `FULL`: no space left. `BROKEN`: its disk fails. `BUSY`: somebody holds a lock, or it takes too long.
 * `READ_ONLY`: a standby, or set so.
 */
export type DatabaseTrouble = "UNREACHABLE" | "FULL" | "BROKEN" | "BUSY" | "READ_ONLY";

/** PostgreSQL's error codes and the network's own; those of files (ENOSPC) are about this host, not the database. */
const byCode: readonly [RegExp, DatabaseTrouble][] = [
  // disk_full
  [/^53100$/, "FULL"],
  // io_error
  [/^58030$/, "BROKEN"],
  // lock_not_available, query_canceled, idle-in-transaction and transaction timeouts
  [/^(55P03|57014|25P0[34])$/, "BUSY"],
  [/^25006$/, "READ_ONLY"],
  // classes 08 (connection), 53 (resources) and 57P (shutdown)
  [/^(08...|53...|57P..)$/, "UNREACHABLE"],
  [/^(ECONNREFUSED|ECONNRESET|ENOTFOUND|EPIPE|ETIMEDOUT|EHOSTUNREACH)$/, "UNREACHABLE"],
];
const messages =
  /^(Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error|Cannot use a pool after calling end|Query read timeout)|already released|is not established|Driver not Connected/;

/** For people, what a request or a look at the server's health says of it. */
export const troubleSentences: Readonly<Record<DatabaseTrouble, string>> = {
  UNREACHABLE: "The database cannot be reached now; try again shortly.",
  FULL: "The database has no disk space left: nothing can be changed until it has some.",
  BROKEN: "The database has trouble with its disk; its own log says more.",
  BUSY: "The database is busy: something holds what this needs for too long; try again shortly.",
  READ_ONLY: "The database only reads now: nothing can be changed until it writes again.",
};

/** An error and what it came from, outermost first. */
export function chainOf(error: unknown): unknown[] {
  const chain: unknown[] = [];
  let next = error;
  while (next !== undefined && next !== null && chain.length < 10) {
    chain.push(next);
    const { originalError, driverError, cause } = next as { [name: string]: unknown };
    next = originalError ?? driverError ?? cause;
  }
  return chain;
}

/** What this error itself says of the database; null: nothing. */
export function troubleOf(error: unknown): DatabaseTrouble | null {
  const { code, message, syscall } = error as { code?: unknown; message?: unknown; syscall?: unknown };
  if (typeof code === "string") {
    const found = byCode.find(([pattern]) => pattern.test(code));
    if (found) {
      return found[1];
    }
    // The socket of a local database that is down; of a file it means something else.
    if (code === "ENOENT" && syscall === "connect") {
      return "UNREACHABLE";
    }
  }
  return typeof message === "string" && messages.test(message) ? "UNREACHABLE" : null;
}

/** Whether this error itself says that the database cannot do anything now. */
export function isUnavailable(error: unknown): boolean {
  return troubleOf(error) !== null;
}
