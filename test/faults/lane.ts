import { once } from "node:events";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import pg from "pg";
import { appSource } from "../drivers/app-fixture.js";
import { GitFixture } from "../drivers/git-fixture.js";
import { eventually } from "../support/eventually.js";
import { RebakeProcess } from "../support/rebake-process.js";
import { Points } from "./points.js";

export const replicas = 2;
/** What must be found nowhere. */
export const secret = "s3cr3t=пароль";

const spec = (repository: string) => ({
  source: { repository, branch: "main" },
  command: ["node", "server.mjs"],
  ports: [{ name: "http", target: 3000 }],
  env: [
    { name: "KEY", kind: "SECRET" },
    { name: "MODE", kind: "STATIC", value: "" },
  ],
  readiness: { httpGet: { path: "/health", port: "http" }, period: 1 },
  rollout: { monitor: 0, drain: 1, deadline: 20 },
});

/** An ended or running operation, as the database has it. */
export interface OperationRow {
  id: string;
  kind: string;
  state: string;
  steps: { name: string; state: string }[];
  cause: { code: string } | null;
  replicas: number | null;
}

/** One home, one database and a server that is killed again and again, with a service that it is to keep running. */
export class Lane {
  server!: RebakeProcess;
  readonly points: Points;
  repository!: GitFixture;
  private readonly client: pg.Client;
  private commits = 0;

  private constructor(
    readonly folder: string,
    private readonly databaseUrl: string,
  ) {
    this.points = new Points(folder);
    this.client = new pg.Client({ connectionString: databaseUrl });
  }

  static async open(folder: string, databaseUrl: string): Promise<Lane> {
    await mkdir(folder, { recursive: true });
    const lane = new Lane(folder, databaseUrl);
    await lane.client.connect();
    lane.repository = await GitFixture.create(join(folder, "repository"));
    await lane.commit();
    await lane.start();
    await lane.mutate(
      'mutation { p: createEnvironment(input: { code: "DEV", driver: PROCESS }) { errors { message } } }',
    );
    await lane.mutate(
      'mutation($spec: RecipeSpecInput!) { p: createRecipe(input: { name: "app", spec: $spec }) { errors { message field } } }',
      { spec: spec(lane.repository.url) },
    );
    return lane;
  }

  get home(): string {
    return join(this.folder, "home");
  }

  async start(): Promise<void> {
    this.server = await RebakeProcess.start(this.home, this.env(), "test/faults/server.js");
  }

  /** Starts a server that is to die on its way; settles when it has. */
  async startToDie(): Promise<void> {
    const { child } = RebakeProcess.spawn(this.home, this.env(), "test/faults/server.js");
    await once(child, "exit");
  }

  private env(): Record<string, string> {
    return { DATABASE_URL: this.databaseUrl, REBAKE_LEASE_SECONDS: "1", TEST_FAULTS: this.folder };
  }

  /** Ended by a kill; false while it runs. */
  get dead(): boolean {
    return this.server.child.signalCode !== null;
  }

  async close(): Promise<void> {
    await this.server.end("SIGTERM");
    await this.client.end();
  }

  /** A new commit of the app, with dependencies to be installed anew; returns what it answers at `/`. */
  async commit(): Promise<string> {
    const version = `v${++this.commits}`;
    await this.repository.commit({
      "package.json": JSON.stringify({ name: "app", version: `1.0.${this.commits}` }),
      "server.mjs": appSource(version),
    });
    return version;
  }

  mutate(mutation: string, variables: object = {}) {
    return this.server.mutate(mutation, variables);
  }

  async sql<Row>(statement: string, parameters: unknown[] = []): Promise<Row[]> {
    return (await this.client.query(statement, parameters)).rows;
  }

  async operation(id: string): Promise<OperationRow> {
    const [row] = await this.sql<OperationRow>(
      "select id, kind, state, steps, cause, replicas from operation where id = $1",
      [id],
    );
    return row!;
  }

  /** Waits for an operation's verdict, or for the server's death: null then. */
  async ended(id: string): Promise<OperationRow | null> {
    return eventually(
      async () => {
        const row = await this.operation(id);
        if (!["QUEUED", "RUNNING"].includes(row.state)) {
          return { row };
        }
        return this.dead && { row: null };
      },
      { deadline: 40_000, what: `operation ${id} has ended` },
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
