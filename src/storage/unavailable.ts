/** PostgreSQL's classes 08 (connection), 53 (resources) and 57P (shutdown), and the network's own. */
const codes = /^(08...|53...|57P..|ECONNREFUSED|ECONNRESET|ENOTFOUND|EPIPE|ETIMEDOUT|EHOSTUNREACH)$/;
const messages =
  /^(Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error|Cannot use a pool after calling end)|is not established|Driver not Connected/;

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

/** Whether this error itself says that the database cannot be reached now, or is stopping. */
export function isUnavailable(error: unknown): boolean {
  const { code, message, syscall } = error as { code?: unknown; message?: unknown; syscall?: unknown };
  return (
    (typeof code === "string" && codes.test(code)) ||
    // The socket of a local database that is down; of a file it means something else.
    (code === "ENOENT" && syscall === "connect") ||
    (typeof message === "string" && messages.test(message))
  );
}
