import { once } from "node:events";
import { mkdir, readdir, readFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import pg from "pg";
import { findPostmaster } from "../../src/storage/postmaster.js";
import { appSource } from "../drivers/app-fixture.js";
import { GitFixture } from "../drivers/git-fixture.js";
import { eventually } from "../support/eventually.js";
import { RebakeProcess } from "../support/rebake-process.js";
import type { Platform } from "./platform.js";
import { Points } from "./points.js";

export const replicas = 2;
/** What must be found nowhere. */
export const secret = "s3cr3t=пароль";

/** What the service is made of: a repository that the host runs, or what an engine wants. */
const specOf = (repository: string, platform: Platform | null) => ({
  ports: [{ name: "http", target: 3000 }],
  readiness: { httpGet: { path: "/health", port: "http" }, period: 1 },
  rollout: { monitor: 0, drain: 1, deadline: 20 },
  ...(platform?.spec ?? { source: { repository, branch: "main" }, command: ["node", "server.mjs"] }),
});

/** How the app behaves: well, ends at its start, or never becomes ready. */
export type Mode = "" | "crash" | "500";

/** An ended or running operation, as the database has it. */
export interface OperationRow {
  id: string;
  kind: string;
  state: string;
  steps: { name: string; state: string }[];
  cause: { code: string } | null;
  replicas: number | null;
  fence: string;
}

export interface LaneOptions {
  folder: string;
  /** Null: the server's own. */
  databaseUrl: string | null;
  /** Where services run that outlive the server; null: on the host, with it. */
  platform?: Platform | null;
}

/** The address of a server's own PostgreSQL. */
async function ownDatabase(home: string): Promise<string> {
  const files = await readdir(home, { recursive: true });
  const data = dirname(join(home, files.find((file) => basename(file) === "rebake.password")!));
  const { port } = (await findPostmaster(data))!;
  const password = await readFile(join(data, "rebake.password"), "utf8");
  return `postgres://rebake:${password}@127.0.0.1:${port}/postgres`;
}

/** One home, one database and a server that is killed again and again, with a service that it is to keep running. */
export class Lane {
  server!: RebakeProcess;
  readonly points: Points;
  /** What all servers have printed. */
  readonly outputs: string[][] = [];
  readonly platform: Platform | null;
  readonly folder: string;
  private readonly databaseUrl: string | null;
  private repository: GitFixture | null = null;
  private client: pg.Client | null = null;
  private commits = 0;
  private mode: Mode = "";

  private constructor(options: LaneOptions) {
    this.folder = options.folder;
    this.platform = options.platform ?? null;
    this.databaseUrl = options.databaseUrl;
    this.points = new Points(this.folder);
  }

  static async open(options: LaneOptions): Promise<Lane> {
    await mkdir(options.folder, { recursive: true });
    const lane = new Lane(options);
    if (!lane.platform) {
      lane.repository = await GitFixture.create(join(lane.folder, "repository"));
      await lane.commit();
    }
    await lane.start();
    await lane.mutate(
      "mutation($input: CreateEnvironmentInput!) { p: createEnvironment(input: $input) { errors { message } } }",
      {
        input: { code: "DEV", driver: lane.platform?.driver ?? "PROCESS", ...lane.platform?.environment },
      },
    );
    await lane.mutate(
      'mutation($spec: RecipeSpecInput!) { p: createRecipe(input: { name: "app", spec: $spec }) { errors { message field } } }',
      { spec: { ...specOf(lane.repository?.url ?? "", lane.platform), env: lane.env() } },
    );
    return lane;
  }

  get home(): string {
    return join(this.folder, "home");
  }

  async start(): Promise<void> {
    await this.client?.end().catch(() => {});
    const server = RebakeProcess.start(this.home, this.variables(), "test/faults/server.js");
    this.server = await server;
    this.outputs.push(this.server.output);
    this.client = new pg.Client({ connectionString: this.databaseUrl ?? (await ownDatabase(this.home)) });
    // The server's own goes with it.
    this.client.on("error", () => {});
    await this.client.connect();
  }

  /** Starts a server that is to die on its way; settles when it has. */
  async startToDie(): Promise<void> {
    const { child, output } = RebakeProcess.spawn(this.home, this.variables(), "test/faults/server.js");
    this.outputs.push(output);
    await once(child, "exit");
  }

  private variables(): Record<string, string> {
    return {
      ...(this.databaseUrl && { DATABASE_URL: this.databaseUrl }),
      REBAKE_LEASE_SECONDS: "1",
      ...this.platform?.variables,
      TEST_FAULTS: this.folder,
    };
  }

  /** Ended by a kill; false while it runs. */
  get dead(): boolean {
    return this.server.child.signalCode !== null;
  }

  async close(): Promise<void> {
    await this.server.end("SIGTERM");
    await this.client?.end().catch(() => {});
  }

  /** A new version of the app; returns what it answers. */
  async commit(): Promise<string> {
    const version = `v${++this.commits}`;
    if (this.platform) {
      await this.bump();
      return version;
    }
    // With dependencies to be installed anew.
    await this.repository!.commit({
      "package.json": JSON.stringify({ name: "app", version: `1.0.${this.commits}` }),
      "server.mjs": appSource(version),
    });
    return version;
  }

  /** Has the recipe make the app behave so from its next rebuild on. */
  async behave(mode: Mode): Promise<void> {
    if (this.mode !== mode) {
      this.mode = mode;
      await this.bump();
    }
  }

  private bump(): Promise<unknown> {
    return this.mutate(
      'mutation($spec: RecipeSpecInput!) { p: bumpRecipe(input: { recipe: "app", spec: $spec }) { errors { message } } }',
      { spec: { env: this.env() } },
    );
  }

  private env(): object[] {
    const version = `v${this.commits}`;
    const values = { MODE: this.mode, ...this.platform?.variablesOf(version, this.mode) };
    return [
      { name: "KEY", kind: "SECRET" },
      ...Object.entries(values).map(([name, value]) => ({ name, kind: "STATIC", value })),
    ];
  }

  mutate(mutation: string, variables: object = {}) {
    return this.server.mutate(mutation, variables);
  }

  async sql<Row>(statement: string, parameters: unknown[] = []): Promise<Row[]> {
    return (await this.client!.query(statement, parameters)).rows;
  }

  async operation(id: string): Promise<OperationRow> {
    const [row] = await this.sql<OperationRow>(
      "select id, kind, state, steps, cause, replicas, fence from operation where id = $1",
      [id],
    );
    return row!;
  }

  /** Waits for an operation's verdict, or for the server's death: null then. */
  async ended(id: string): Promise<OperationRow | null> {
    return eventually(
      async () => {
        const row = await this.operation(id).catch(() => null);
        if (row && !["QUEUED", "RUNNING"].includes(row.state)) {
          return { row };
        }
        return this.dead && { row: null };
      },
      { deadline: 120_000, what: `operation ${id} has ended` },
    ).then(({ row }) => row);
  }

  async serviceId(name: string): Promise<string> {
    const [row] = await this.sql<{ id: string }>(
      "select id from service where name = $1 and removed_at is null",
      [name],
    );
    return row!.id;
  }
}
