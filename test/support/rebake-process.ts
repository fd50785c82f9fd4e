import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { type Client, createClient } from "graphql-ws";
import { WebSocket } from "ws";
import { eventually } from "./eventually.js";

/** As `npm start` runs it: thousands of events at once are short-lived objects, and room for them saves a third. */
const flags = ["--max-semi-space-size=32"];
/** A program to run, by its place below `dist`. */
export type Program = "src/main.js" | `test/${string}.js`;
const pathOf = (program: Program) => fileURLToPath(new URL(`../../${program}`, import.meta.url));
const started = new Set<RebakeProcess>();

/** What a client sees of a subscription: everything that came, and when it was over. */
export interface Subscribed<T> {
  events: T[];
  done: Promise<void>;
  stop(): void;
}

/** Of this test run: two runs on one machine do not take each other's. */
const firstPort = 24_000 + (process.pid % 80) * 100;
const servicePorts = `${firstPort}-${firstPort + 99}`;

/** The real server, as a process of its own. */
export class RebakeProcess {
  url = "";
  /** Milliseconds from the start to its word that it is ready. */
  readyAfter = 0;
  readonly output: string[] = [];
  /** The admin token of its home. */
  adminToken = "";
  private client: Client | null = null;

  private constructor(readonly child: ChildProcess) {}

  /**
   * Starts it and waits until it is ready. Call `endAll` in an `after` hook.
   * @throws Error with its output when it ends instead
   */
  static async start(
    home: string,
    env: Record<string, string> = {},
    program: Program = "src/main.js",
  ): Promise<RebakeProcess> {
    const rebake = RebakeProcess.spawn(home, env, program);
    const began = performance.now();
    const ended = once(rebake.child, "exit").then(([code]) => {
      throw new Error(`ended with ${code}: ${rebake.output.join("\n")}`);
    });
    const ready = eventually(() => rebake.output.find((line) => line.includes('"msg":"ready"')), {
      deadline: 60_000,
      what: "ready",
    });
    rebake.url = JSON.parse(await Promise.race([ready, ended])).url;
    ended.catch(() => {});
    rebake.readyAfter = performance.now() - began;
    rebake.adminToken = (await readFile(join(home, "admin-token"), "utf8")).trim();
    return rebake;
  }

  /** Starts it without waiting for anything. */
  static spawn(
    home: string,
    env: Record<string, string> = {},
    program: Program = "src/main.js",
  ): RebakeProcess {
    const surroundings = {
      ...process.env,
      PORT: "0",
      REBAKE_HOME: home,
      REBAKE_INSTALL: "none",
      REBAKE_LOG_FORMAT: "json",
      REBAKE_SERVICE_PORTS: servicePorts,
      ...env,
    };
    const child = spawn(process.execPath, [...flags, pathOf(program)], {
      env: surroundings,
      stdio: ["ignore", "pipe", "pipe"],
    });
    const rebake = new RebakeProcess(child);
    for (const stream of [child.stdout!, child.stderr!]) {
      createInterface({ input: stream }).on("line", (line) => rebake.output.push(line));
    }
    started.add(rebake);
    return rebake;
  }

  /** Ends what a failed test left running. */
  static async endAll(): Promise<void> {
    await Promise.all([...started].map((rebake) => rebake.end("SIGTERM")));
  }

  /** Sends a signal and waits; returns the exit code, null after a signal that ended it. */
  async end(signal: NodeJS.Signals): Promise<number | null> {
    started.delete(this);
    await this.client?.dispose();
    if (this.child.exitCode === null && this.child.signalCode === null) {
      const exit = once(this.child, "exit");
      this.child.kill(signal);
      await exit;
    }
    return this.child.exitCode;
  }

  /** Cuts the connection of all subscriptions, without a goodbye; the next one makes a new connection. */
  dropConnection(): void {
    this.client?.terminate();
  }

  async graphql(query: string, variables: object = {}): Promise<any> {
    const response = await fetch(`${this.url}/graphql`, {
      method: "POST",
      headers: { authorization: `Bearer ${this.adminToken}`, "content-type": "application/json" },
      body: JSON.stringify({ query, variables }),
    });
    const { data, errors } = (await response.json()) as { data: unknown; errors?: { message: string }[] };
    if (errors) {
      throw new Error(errors.map((error) => error.message).join("; "));
    }
    return data;
  }

  /** Runs a mutation; its user errors fail the test. */
  async mutate(mutation: string, variables: object = {}): Promise<any> {
    const [payload] = Object.values(await this.graphql(mutation, variables)) as {
      errors: { message: string }[];
    }[];
    if (payload!.errors.length > 0) {
      throw new Error(payload!.errors.map((error) => error.message).join("; "));
    }
    return payload;
  }

  subscribe<T = any>(query: string, variables: Record<string, unknown> = {}): Subscribed<T> {
    this.client ??= createClient({
      url: `${this.url.replace("http", "ws")}/graphql`,
      webSocketImpl: WebSocket,
      connectionParams: { authorization: `Bearer ${this.adminToken}` },
      retryAttempts: 0,
    });
    const events: T[] = [];
    let stop = () => {};
    const done = new Promise<void>((resolve, reject) => {
      stop = this.client!.subscribe<T>(
        { query, variables },
        {
          next: ({ data, errors }) => (errors ? reject(errors[0]) : events.push(data!)),
          error: reject,
          complete: resolve,
        },
      );
    });
    done.catch(() => {});
    return { events, done, stop: () => stop() };
  }
}
