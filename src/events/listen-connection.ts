import type { Socket } from "node:net";
import pg from "pg";
import { pause } from "./pause.js";

export interface ListenOptions {
  /** As `pg` takes it: a session of its own, not through a transaction pooler. */
  connection: pg.ClientConfig;
  channels: readonly string[];
  onNotification: (channel: string, payload: string) => void;
  /** After each connect: notifications before it were missed. */
  onConnected: () => void;
  onError: (error: unknown) => void;
  /** Milliseconds before the first reconnect (100), doubling up to the longest (5,000). */
  firstDelay?: number;
  longestDelay?: number;
  /** Milliseconds between looks whether the connection still works (15,000), and for the answer to one (10,000). */
  lookMilliseconds?: number;
  answerMilliseconds?: number;
}

const goodbyeMilliseconds = 1_000;

/** One connection that listens and notifies, and comes back by itself. */
export class ListenConnection {
  private client: pg.Client | null = null;
  /** Settles when the last statement that was sent has its answer. */
  private asking: Promise<void> | null = null;
  private readonly stopping = new AbortController();
  private readonly running: Promise<void>;

  constructor(private readonly options: ListenOptions) {
    this.running = this.run();
  }

  get connected(): boolean {
    return this.client !== null;
  }

  /** Sends a notification; false when there is no connection or it breaks: readers poll then. */
  async notify(channel: string, payload: string): Promise<boolean> {
    try {
      await this.ask("select pg_notify($1, $2)", [channel, payload]);
      return this.client !== null;
    } catch (error) {
      // What was still to be sent at the stop is found by the others' polls.
      if (!this.stopping.signal.aborted) {
        this.options.onError(error);
      }
      return false;
    }
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    if (this.client) {
      await leave(this.client).catch(this.options.onError);
    }
    await this.running;
  }

  /** One statement after the other. */
  private async ask(sql: string, parameters: string[]): Promise<void> {
    const asking = Promise.resolve(this.asking).then(
      async () => void (await this.client?.query(sql, parameters)),
    );
    const over = asking.catch(() => {});
    this.asking = over;
    try {
      await asking;
    } finally {
      if (this.asking === over) {
        this.asking = null;
      }
    }
  }

  private async run(): Promise<void> {
    const { firstDelay = 100, longestDelay = 5_000 } = this.options;
    let delay = firstDelay;
    while (!this.stopping.signal.aborted) {
      const lasted = await this.session();
      delay = lasted ? firstDelay : Math.min(delay * 2, longestDelay);
      await pause(delay * (0.75 + Math.random() / 2), this.stopping.signal);
    }
  }

  /** One connection from its connect to its end; says whether it ever worked. */
  private async session(): Promise<boolean> {
    const client = new pg.Client({
      application_name: "rebake events",
      keepAlive: true,
      connectionTimeoutMillis: 10_000,
      query_timeout: this.options.answerMilliseconds ?? 10_000,
      ...this.options.connection,
    });
    const ended = new Promise<void>((resolve) => client.once("end", resolve));
    client.on("error", this.options.onError);
    client.on("notification", (message) => {
      // Our own notifications have been acted upon before they were sent.
      if (message.processId !== (client as unknown as { processID: number }).processID) {
        this.options.onNotification(message.channel, message.payload ?? "");
      }
    });
    try {
      await client.connect();
      for (const channel of this.options.channels) {
        await client.query(`listen ${client.escapeIdentifier(channel)}`);
      }
    } catch (error) {
      this.options.onError(error);
      await leave(client).catch(() => {});
      return false;
    }
    await this.serve(client, ended);
    return true;
  }

  private async serve(client: pg.Client, ended: Promise<void>): Promise<void> {
    if (this.stopping.signal.aborted) {
      await leave(client).catch(this.options.onError);
      return;
    }
    this.client = client;
    this.options.onConnected();
    // Whoever only listens does not notice a network that swallows packets.
    const { lookMilliseconds = 15_000 } = this.options;
    const look = setInterval(() => {
      if (!this.asking) {
        this.ask("select 1", []).catch(() => cut(client));
      }
    }, lookMilliseconds);
    await ended;
    clearInterval(look);
    this.client = null;
  }
}

/** Ends a connection; where nobody answers, within a moment and without a goodbye. */
async function leave(client: pg.Client): Promise<void> {
  const late = setTimeout(() => cut(client), goodbyeMilliseconds);
  await client.end().finally(() => clearTimeout(late));
}

function cut(client: pg.Client): void {
  (client as unknown as { connection: { stream: Socket } }).connection.stream.destroy();
}
