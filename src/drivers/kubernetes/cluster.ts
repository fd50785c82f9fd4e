import type { IncomingMessage } from "node:http";
import http, { Agent } from "node:http";
import https, { type RequestOptions } from "node:https";
import { setTimeout as wait } from "node:timers/promises";
import type { KubeConfig } from "@kubernetes/client-node";
import { absenceOf } from "../engine/absence.js";
import { EngineAway, EngineRefusal } from "../engine/answers.js";
import type { List } from "./api-types.js";

/** What the API server says when it refuses: https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/status/ */
interface Status {
  message?: string;
  reason?: string;
}

/** The API server answered, and said no. */
export class ApiRefusal extends EngineRefusal {
  constructor(
    status: number,
    message: string,
    /** In one word, e.g. `AlreadyExists`, `Conflict`, `Invalid`, `Expired`. */
    readonly reason: string,
  ) {
    super(status, message);
  }
}

/** Sets the fields that are given, and takes over those of others among them; `managedFields` has it as who they are of. */
export const fieldManager = "rebake";

/** How long a call may take, in milliseconds; what is watched or followed may take longer. */
const callPatience = 30_000;
/** For how long a token is taken as it was read: that of a service account is replaced each hour. In milliseconds. */
const credentialMilliseconds = 60_000;
/** How often a call is tried that the API server had too much to do for, and the longest it is waited in between, in milliseconds. */
const mostTries = 6;
const longestPause = 10_000;

export type Query = Record<string, string | number | boolean | undefined>;
interface Call {
  /** What it is counted as. */
  name: string;
  method: string;
  path: string;
  query?: Query;
  body?: unknown;
  contentType?: string;
  signal?: AbortSignal;
}

/** Speaks to the API server of a cluster. Every request is counted by its name. */
export class Cluster {
  readonly calls = new Map<string, number>();
  private readonly server: URL;
  private readonly agents: Agent[] = [];
  private isClosed = false;
  private access: Promise<{ at: number; options: RequestOptions }> | null = null;

  constructor(
    private readonly config: KubeConfig,
    /** e.g. `https://10.0.0.1:6443` */
    readonly where = config.getCurrentCluster()?.server ?? "",
    private readonly patience = callPatience,
  ) {
    this.server = new URL(config.getCurrentCluster()!.server);
  }

  /** Ends its connections, with all that is still asked or watched; what is asked from now on finds it away. */
  close(): void {
    this.isClosed = true;
    for (const agent of this.agents) {
      agent.destroy();
    }
  }

  /** Null when it is not there. */
  get<T>(name: string, path: string): Promise<T | null> {
    return this.maybe(this.json<T>({ name: `get ${name}`, method: "GET", path }));
  }

  /** All pages of a list; `resourceVersion` is that of the first, from which it can be watched. */
  async list<T>(name: string, path: string, query: Query = {}): Promise<List<T>> {
    const items: T[] = [];
    let metadata: List<T>["metadata"] | null = null;
    let next: string | undefined;
    do {
      const page: List<T> = await this.json({
        name: `list ${name}`,
        method: "GET",
        path,
        query: { limit: 500, ...query, continue: next },
      });
      metadata ??= page.metadata;
      items.push(...(page.items ?? []));
      next = page.metadata.continue || undefined;
    } while (next);
    return { metadata, items };
  }

  create<T>(name: string, path: string, body: unknown): Promise<T> {
    return this.json({ name: `create ${name}`, method: "POST", path, query: { fieldManager }, body });
  }

  /** Server-side apply: what is given is from then on as it is given, what was given before and is not any more goes. */
  apply<T>(name: string, path: string, body: unknown): Promise<T> {
    return this.json({
      name: `apply ${name}`,
      method: "PATCH",
      path,
      query: { fieldManager, force: true },
      body,
      // JSON is YAML.
      contentType: "application/apply-patch+yaml",
    });
  }

  /** By JSON Patch (RFC 6902). */
  patch<T>(name: string, path: string, operations: object[]): Promise<T> {
    return this.json({
      name: `patch ${name}`,
      method: "PATCH",
      path,
      query: { fieldManager },
      body: operations,
      contentType: "application/json-patch+json",
    });
  }

  /** Also what it owns, in the background. Fine when it is not there. */
  async remove(name: string, path: string, options: object = {}): Promise<void> {
    const body = { propagationPolicy: "Background", ...options };
    await this.maybe(this.json({ name: `delete ${name}`, method: "DELETE", path, body }));
  }

  /** An answer that goes on; to be read to its end, or destroyed. */
  async stream(name: string, path: string, query: Query, signal: AbortSignal): Promise<IncomingMessage> {
    const answer = await this.sendPatiently({ name, method: "GET", path, query, signal }, () => signal);
    if (answer.statusCode !== 200) {
      throw await refusalOf(answer);
    }
    return answer;
  }

  /** Whatever is answered, by the API server or by what it asks. */
  async answer(name: string, path: string, signal: AbortSignal): Promise<{ status: number; text: string }> {
    const answer = await this.send({ name, method: "GET", path, signal });
    return { status: answer.statusCode ?? 0, text: await bodyOf(answer) };
  }

  /** @throws ApiRefusal, EngineAway */
  private async json<T>(call: Call): Promise<T> {
    const answer = await this.sendPatiently(call, () => AbortSignal.timeout(this.patience));
    const status = answer.statusCode ?? 0;
    if (status < 200 || status >= 300) {
      throw await refusalOf(answer);
    }
    const text = await bodyOf(answer);
    try {
      return JSON.parse(text) as T;
    } catch {
      throw new EngineAway("what answers there is no API server: it speaks no JSON");
    }
  }

  /** What the API server has too much to do for is asked again, as late as it says. */
  private async sendPatiently(call: Call, signalOf: () => AbortSignal): Promise<IncomingMessage> {
    for (let tries = 1; ; tries++) {
      const signal = signalOf();
      const answer = await this.send({ ...call, signal });
      if (answer.statusCode !== 429 || tries >= mostTries) {
        return answer;
      }
      answer.resume();
      await wait(pauseBefore(tries, answer), null, call.signal && { signal: call.signal });
    }
  }

  private async send({
    name,
    method,
    path,
    query,
    body,
    contentType,
    signal,
  }: Call): Promise<IncomingMessage> {
    if (this.isClosed) {
      throw new EngineAway("it is not asked any more");
    }
    this.calls.set(name, (this.calls.get(name) ?? 0) + 1);
    const options = await this.accessOptions();
    const text = body === undefined ? undefined : JSON.stringify(body);
    const { request } = this.server.protocol === "http:" ? http : https;
    return new Promise<IncomingMessage>((resolve, reject) => {
      const sent = request(
        {
          ...options,
          host: this.server.hostname.replace(/^\[|\]$/g, ""),
          port: this.server.port || (this.server.protocol === "http:" ? 80 : 443),
          path: `${this.server.pathname.replace(/\/$/, "")}${path}${searchOf(query)}`,
          method,
          signal,
          headers: {
            ...options.headers,
            Accept: "application/json",
            ...(text !== undefined && {
              "Content-Type": contentType ?? "application/json",
              "Content-Length": Buffer.byteLength(text),
            }),
          },
        },
        resolve,
      );
      sent.once("error", (error) => reject(asAway(error, signal, this.patience)));
      sent.end(text);
    });
  }

  private async accessOptions(): Promise<RequestOptions> {
    const known = await this.access?.catch(() => null);
    if (known && Date.now() - known.at < credentialMilliseconds) {
      return known.options;
    }
    const agent = known?.options.agent as Agent | undefined;
    this.access = this.readAccess(agent);
    return (await this.access).options;
  }

  private async readAccess(agent: Agent | undefined): Promise<{ at: number; options: RequestOptions }> {
    const options: RequestOptions = {};
    try {
      await this.config.applyToHTTPSOptions(options);
    } catch (error) {
      throw new EngineAway(`its credential cannot be read: ${(error as Error).message}`);
    }
    const made = options.agent as Agent;
    made.destroy();
    const kept = agent ?? this.keepingAlive(options, made);
    return { at: Date.now(), options: { headers: options.headers, auth: options.auth, agent: kept } };
  }

  private keepingAlive({ ca, cert, key, servername }: RequestOptions, made: Agent): Agent {
    const isProxied = Boolean(this.config.getCurrentCluster()?.proxyUrl);
    const tls = { ca, cert, key, ...(servername !== undefined && { servername }) };
    const agent = isProxied
      ? made
      : this.server.protocol === "http:"
        ? new http.Agent({ keepAlive: true })
        : new https.Agent({ keepAlive: true, ...tls });
    this.agents.push(agent);
    return agent;
  }

  /** Null for what is not there. */
  private async maybe<T>(found: Promise<T>): Promise<T | null> {
    try {
      return await found;
    } catch (error) {
      if (error instanceof EngineRefusal && error.status === 404) {
        return null;
      }
      throw error;
    }
  }
}

function searchOf(query: Query | undefined): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value !== undefined) {
      search.set(name, `${value}`);
    }
  }
  return search.size > 0 ? `?${search}` : "";
}

async function bodyOf(answer: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of answer) {
      chunks.push(chunk as Buffer);
    }
  } catch (error) {
    throw asAway(error as Error);
  }
  return Buffer.concat(chunks).toString("utf8");
}

/** What is no fault of the API server though it says so (500): asked again, it would answer the same. */
const lasting = /failed calling (admission )?webhook|failed to create typed (patch )?object/;

/** An API server that cannot do its work just now is as good as away: it may soon. */
async function refusalOf(answer: IncomingMessage): Promise<Error> {
  const status = answer.statusCode ?? 0;
  const text = await bodyOf(answer);
  let said: Status = {};
  try {
    said = JSON.parse(text) as Status;
  } catch {
    // Something before the API server, e.g. a load balancer, has words of its own.
  }
  const message = said.message || text.trim().slice(0, 500) || `HTTP ${status}`;
  const isAway = status >= 500 && !lasting.test(message);
  return isAway ? new EngineAway(message) : new ApiRefusal(status, message, said.reason ?? "");
}

/** As long as it asks for, else longer each time. In milliseconds. */
function pauseBefore(tries: number, { headers }: IncomingMessage): number {
  const asked = Number(headers["retry-after"]) * 1000;
  return Math.min(Number.isFinite(asked) && asked > 0 ? asked : 250 * 2 ** tries, longestPause);
}

/** What was aborted by its caller stays what it is. */
function asAway(error: NodeJS.ErrnoException, signal?: AbortSignal, patience = callPatience): Error {
  const isTimeout = signal?.aborted && (signal.reason as Error | undefined)?.name === "TimeoutError";
  if (isTimeout) {
    return new EngineAway(`it did not answer within ${patience / 1000} s`);
  }
  return signal?.aborted ? error : new EngineAway(absenceOf(error.code, error.message));
}
