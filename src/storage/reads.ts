import type pg from "pg";
import type { DataSource } from "typeorm";

interface Statement {
  text: string;
  values: readonly unknown[];
  resolve(rows: object[]): void;
  reject(error: unknown): void;
}

/** Statements that every connection may keep; those of rare filters after them are planned each time. */
const mostNames = 300;
/** Statements sent to one connection at once: a slow one holds up no more than these. */
const mostAtOnce = 8;

/**
 * Runs reads outside any transaction. Those of one turn of the event loop, whoever asks, go to one connection in one
 * packet: what costs most of a small read is to send it. They are prepared: PostgreSQL parses them once a connection,
 * and not again for each request. So they have to name their columns: one that was prepared with `*` fails as soon as
 * a newer server has added a column.
 */
export class Reads {
  private readonly pool: pg.Pool;
  private readonly names = new Map<string, string>();
  private waiting: Statement[] = [];

  constructor(source: DataSource) {
    this.pool = (source.driver as unknown as { master: pg.Pool }).master;
  }

  /** Its rows, or the error of this one statement. */
  query<Row extends object>(text: string, values: readonly unknown[] = []): Promise<Row[]> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ text, values, resolve: resolve as Statement["resolve"], reject });
      if (this.waiting.length === 1) {
        setImmediate(() => this.flush());
      }
    });
  }

  private flush(): void {
    const all = this.waiting;
    this.waiting = [];
    for (let n = 0; n < all.length; n += mostAtOnce) {
      this.send(all.slice(n, n + mostAtOnce));
    }
  }

  private send(statements: Statement[]): void {
    this.pool.connect().then(
      (client) => this.sendOn(client, statements),
      (error) => {
        for (const statement of statements) {
          statement.reject(error);
        }
      },
    );
  }

  private sendOn(client: pg.PoolClient, statements: Statement[]): void {
    let open = statements.length;
    let failure: Error | undefined;
    const noteFailure = (error: Error) => {
      failure = error;
    };
    client.on("error", noteFailure);
    const { stream } = client.connection;
    stream.cork();
    for (const { text, values, resolve, reject } of statements) {
      const name = this.nameOf(text);
      const query = { text, values: values as unknown[], ...(name && { name }) };
      client.query(query, (error: Error | null, result) => {
        open -= 1;
        failure ??= error ?? undefined;
        if (open === 0) {
          client.off("error", noteFailure);
          client.release(failure);
        }
        return error ? reject(error) : resolve(result.rows);
      });
    }
    stream.uncork();
  }

  private nameOf(text: string): string | undefined {
    const known = this.names.get(text);
    if (known !== undefined || this.names.size >= mostNames) {
      return known;
    }
    const name = `read_${this.names.size}`;
    this.names.set(text, name);
    return name;
  }
}
