import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import pg from "pg";
import { type TestDatabase, testDatabase } from "../cluster.js";
import { eventually } from "../eventually.js";
import { RebakeProcess } from "../rebake-process.js";
import { makeTempFolder } from "../temp-folder.js";
import { type Change, Engine } from "./engine.js";

/**
 * A fleet with a database of its own for the tests of the current `describe`, without servers so far; call it in the
 * body of one, instead of `testDatabase`.
 */
export function testFleet(env: Record<string, string> = {}): { current: Fleet } {
  const holder = {} as { current: Fleet };
  after("stop the servers", async function () {
    this.timeout(120_000);
    await holder.current.close();
  });
  const database = testDatabase();
  before("open the fleet", async () => {
    holder.current = await Fleet.open(database, env);
  });
  return holder;
}

export const secretKey = Buffer.alloc(32, 7).toString("base64");

/** How an operation stands in the database. */
export interface OperationRow {
  id: string;
  state: string;
  fence: string;
  steps: { name: string; state: string }[];
  cause: { code: string; message: string } | null;
}

/** Several real servers on one database and one engine, which outlives them. */
export class Fleet {
  readonly servers: RebakeProcess[] = [];
  /** What all servers have printed. */
  readonly outputs: string[][] = [];
  private readonly homes = new Map<RebakeProcess, string>();
  private readonly pool: pg.Pool;

  private constructor(
    private readonly database: Pick<TestDatabase, "url">,
    readonly engine: Engine,
    readonly folder: string,
    private readonly env: Record<string, string>,
  ) {
    this.pool = new pg.Pool({ connectionString: database.url, max: 4 });
    // A test may end what the pool has open: the next statement says so.
    this.pool.on("error", () => {});
  }

  static async open(database: Pick<TestDatabase, "url">, env: Record<string, string> = {}): Promise<Fleet> {
    const folder = await makeTempFolder();
    const fleet = new Fleet(database, await Engine.start(), folder, env);
    return fleet;
  }

  /** Starts another server, or one with the home that an earlier one had. */
  async start(
    home = `home-${this.servers.length + 1}`,
    more: Record<string, string> = {},
  ): Promise<RebakeProcess> {
    const env = {
      DATABASE_URL: this.database.url,
      REBAKE_SECRET_KEY: secretKey,
      TEST_ENGINE_URL: this.engine.url,
      ...this.env,
      ...more,
    };
    const server = await RebakeProcess.start(join(this.folder, home), env, "test/support/engine/server.js");
    this.servers.push(server);
    this.outputs.push(server.output);
    this.homes.set(server, home);
    return server;
  }

  /** Starts a server anew, which has been ended, with the home it had. */
  restart(ended: RebakeProcess): Promise<RebakeProcess> {
    this.servers.splice(this.servers.indexOf(ended), 1);
    return this.start(this.homes.get(ended)!);
  }

  /** The server of a host, by the id that its home keeps. */
  async ofHost(hostId: string): Promise<RebakeProcess | undefined> {
    for (const [server, home] of this.homes) {
      const id = await readFile(join(this.folder, home, "host-id"), "utf8").catch(() => "");
      if (this.servers.includes(server) && id.trim() === hostId) {
        return server;
      }
    }
    return undefined;
  }

  /** The server that has this process id. */
  serverOf(pid: number): RebakeProcess {
    return this.servers.find(({ child }) => child.pid === pid)!;
  }

  /** Ends all servers, also those that are stopped by a signal, and closes the rest. */
  async close(): Promise<void> {
    for (const { child } of this.servers) {
      child.kill("SIGCONT");
    }
    await Promise.all(this.servers.splice(0).map((server) => server.end("SIGTERM")));
    await this.pool.end();
    await this.engine.close();
    await rm(this.folder, { recursive: true, force: true, maxRetries: 10 });
  }

  async sql<Row>(statement: string, parameters: unknown[] = []): Promise<Row[]> {
    return (await this.pool.query(statement, parameters)).rows;
  }

  async operation(id: string): Promise<OperationRow> {
    const [row] = await this.sql<OperationRow>(
      "select id, state, fence, steps, cause from operation where id = $1",
      [id],
    );
    return row!;
  }

  /** Waits for an operation's verdict. */
  ended(id: string, deadline = 30_000): Promise<OperationRow> {
    const what = `operation ${id} has ended`;
    return eventually(
      async () => {
        const row = await this.operation(id);
        return !["QUEUED", "RUNNING"].includes(row.state) && row;
      },
      { deadline, what },
    );
  }

  /** What was changed on the engine for an operation. */
  changesOf(operationId: string): Change[] {
    return this.engine.changes.filter((change) => change.operationId === operationId);
  }

  /** Waits until a server has told the engine to bring an operation's service about, and returns it. */
  async workingOn(operationId: string): Promise<RebakeProcess> {
    const [first] = await eventually(
      () => this.changesOf(operationId).length > 0 && this.changesOf(operationId),
      {
        deadline: 15_000,
        what: "a server has begun to work on it",
      },
    );
    return this.serverOf(first!.caller);
  }
}
