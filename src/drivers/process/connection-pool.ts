import { connect, type Socket } from "node:net";

/** An app may close a connection that is idle: ours must never be the older ones, in milliseconds. */
const idleFor = 2_500;
const mostIdle = 256;

/** Somebody who waits for an answer on a connection. */
export interface Listener {
  take(chunk: Buffer): void;
  /** The connection cannot give any more; null when the app ended it in good order. */
  gone(error: NodeJS.ErrnoException | null): void;
}

/** A connection to an instance that carries one request at a time. */
export class Connection {
  listener: Listener | null = null;
  reused = false;
  usableUntil = 0;

  constructor(
    readonly socket: Socket,
    readonly port: number,
    pool: ConnectionPool,
  ) {
    let failure: NodeJS.ErrnoException | null = null;
    let ended = false;
    const gone = () => {
      pool.forget(this);
      const { listener } = this;
      this.listener = null;
      listener?.gone(failure ?? (ended ? null : Object.assign(new Error("cut"), { code: "ECONNRESET" })));
    };
    socket.on("data", (chunk: Buffer) => {
      // Nobody has asked for anything: whatever this is, it must not become the next answer.
      this.listener ? this.listener.take(chunk) : socket.destroy();
    });
    socket.on("end", () => {
      ended = true;
      gone();
      socket.destroy();
    });
    socket.on("error", (error) => {
      failure = error;
    });
    socket.on("close", gone);
  }
}

/** The connections to one instance; the one used last is used first, so that the others can age. */
export class ConnectionPool {
  private readonly all = new Set<Connection>();
  private readonly free = new Map<number, Connection[]>();
  private sweep: NodeJS.Timeout | null = null;

  get idle(): number {
    return [...this.free.values()].reduce((sum, list) => sum + list.length, 0);
  }

  /** `fresh`: a connection that cannot be stale, for what must not be sent twice. */
  take(host: string, port: number, fresh = false): Connection {
    const kept = fresh ? undefined : this.free.get(port)?.pop();
    if (kept && kept.usableUntil > Date.now()) {
      kept.reused = true;
      return kept;
    }
    kept?.socket.destroy();
    const connection = new Connection(connect({ host, port, noDelay: true }), port, this);
    this.all.add(connection);
    return connection;
  }

  /** `idleMs`: how long the app itself says it keeps an idle connection, when it does. */
  giveBack(connection: Connection, idleMs = Number.POSITIVE_INFINITY): void {
    connection.listener = null;
    const list = this.free.get(connection.port) ?? [];
    const usable = Math.min(idleFor, idleMs / 2);
    if (connection.socket.destroyed || list.length >= mostIdle || usable < 1) {
      connection.socket.destroy();
      return;
    }
    connection.usableUntil = Date.now() + usable;
    list.push(connection);
    this.free.set(connection.port, list);
    this.sweep ??= setTimeout(() => this.removeStale(), idleFor).unref();
  }

  forget(connection: Connection): void {
    this.all.delete(connection);
    const list = this.free.get(connection.port);
    const index = list ? list.indexOf(connection) : -1;
    if (index >= 0) {
      list!.splice(index, 1);
    }
  }

  /** Cuts all of them, those in use too. */
  destroy(): void {
    clearTimeout(this.sweep ?? undefined);
    this.sweep = null;
    for (const { socket } of this.all) {
      socket.destroy();
    }
  }

  private removeStale(): void {
    this.sweep = null;
    const now = Date.now();
    for (const connection of [...this.free.values()].flat()) {
      if (connection.usableUntil <= now) {
        this.forget(connection);
        connection.socket.destroy();
      }
    }
    if (this.idle > 0) {
      this.sweep = setTimeout(() => this.removeStale(), idleFor).unref();
    }
  }
}
