import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { type Api, type ApiOptions, createApi } from "../../src/api/server.js";
import { hashToken, newToken } from "../../src/domain/access-token.js";
import { newId } from "../../src/domain/id.js";
import { EventLog } from "../../src/events/event-log.js";
import { Notifier } from "../../src/events/notifier.js";
import type { Log } from "../../src/log.js";
import { Catalog, hostId } from "../support/catalog.js";
import type { TestDatabase } from "../support/cluster.js";
import { silent } from "../support/silent.js";

/** Whatever JSON comes: assertions say what it should be. */
export type Json = ReturnType<typeof JSON.parse>;

export interface Answer {
  status: number;
  headers: Headers;
  /** Parsed when it is JSON. */
  body: Json;
}

export interface TestOptions extends Partial<ApiOptions> {
  log?: Log;
}

/** The API on a port of its own, in front of a database with a scripted driver. */
export class ApiServer {
  token = "";

  private constructor(
    readonly catalog: Catalog,
    readonly api: Api,
    private readonly server: Server,
  ) {}

  static async start(database: TestDatabase, options: TestOptions = {}): Promise<ApiServer> {
    const catalog = await Catalog.open(database);
    const { log = silent, ...rest } = options;
    const { dataSource } = catalog.transactions;
    const eventLog = new EventLog(dataSource);
    const hints = new Notifier({ connection: {}, notify: false, onError: () => {} });
    const deps = { ...catalog, dataSource, hostId, log, eventLog, hints };
    const api = await createApi(deps, {
      corsOrigins: [],
      introspection: true,
      checks: {},
      exampleRepository: null,
      ...rest,
    });
    const server = createServer(api.app);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const started = new ApiServer(catalog, api, server);
    started.token = await started.makeToken(null);
    return started;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** A token for these environments; null: for all. */
  async makeToken(environments: string[] | null, expiresAt: Date | null = null): Promise<string> {
    const token = newToken();
    await this.sql(
      `insert into access_token (id, name, hash, role, environments, expires_at) values ($1, $1, $2, 'ADMIN', $3, $4)`,
      [newId("token"), hashToken(token), environments, expiresAt],
    );
    return token;
  }

  sql(statement: string, parameters: unknown[] = []): Promise<Json[]> {
    return this.catalog.transactions.dataSource.query(statement, parameters);
  }

  post(body: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    const text = typeof body === "string" ? body : JSON.stringify(body);
    const all = { authorization: `Bearer ${this.token}`, "content-type": "application/json", ...headers };
    return this.fetch("/graphql", { method: "POST", body: text, headers: all });
  }

  async fetch(path: string, init: RequestInit = {}): Promise<Answer> {
    const response = await fetch(`${this.url}${path}`, init);
    const text = await response.text();
    const isJson = response.headers.get("content-type")?.includes("json") ?? false;
    return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : text };
  }

  /** The data of an operation; errors fail the test. */
  async query(query: string, variables: object = {}, token = this.token): Promise<Json> {
    const { body } = await this.post({ query, variables }, { authorization: `Bearer ${token}` });
    if (body.errors) {
      throw new Error(JSON.stringify(body.errors));
    }
    return body.data;
  }

  /** The only error of an operation. */
  async error(query: string, variables: object = {}, token = this.token): Promise<Json> {
    const { body } = await this.post({ query, variables }, { authorization: `Bearer ${token}` });
    if (body.errors?.length !== 1) {
      throw new Error(`expected one error: ${JSON.stringify(body)}`);
    }
    return body.errors[0];
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
    await this.api.close();
  }
}

/** Starts one for the tests of the current `describe`; call it in the body of one. */
export function apiServer(database: TestDatabase, options: TestOptions = {}): { current: ApiServer } {
  const holder = {} as { current: ApiServer };
  before("start the API", async () => {
    holder.current = await ApiServer.start(database, options);
  });
  after("stop the API", () => holder.current.close());
  return holder;
}
