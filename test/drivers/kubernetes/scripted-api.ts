import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";
import { kubernetesConnection } from "../../../src/domain/kubernetes-connection.js";
import type { KubeObject, ObjectMeta, WatchEvent } from "../../../src/drivers/kubernetes/api-types.js";
import { Cluster } from "../../../src/drivers/kubernetes/cluster.js";
import { kubeConfigOf } from "../../../src/drivers/kubernetes/kube-config.js";

export type Script = (request: IncomingMessage, response: ServerResponse) => void;

/** Answers with a status and a body. */
export const answer =
  (status: number, body: string | object = "", headers: Record<string, string> = {}): Script =>
  (_, response) => {
    response.writeHead(status, { "content-type": "application/json", ...headers });
    response.end(typeof body === "string" ? body : JSON.stringify(body));
  };

/** As an API server refuses. */
export const refusal = (code: number, reason: string, message: string, headers = {}) =>
  answer(code, { kind: "Status", status: "Failure", code, reason, message }, headers);

interface Watcher {
  collection: string;
  response: ServerResponse;
}
interface Logged {
  collection: string;
  version: number;
  event: WatchEvent<KubeObject>;
}

export const token = "t0ps3cret";

export interface Asked {
  what: string;
  query: URLSearchParams;
  at: number;
  authorization?: string;
  /** Of what was asked for a single object. */
  body?: Body;
}
interface Body extends Partial<KubeObject> {
  preconditions?: { uid?: string };
}

/** Of a JSON Patch. Whether its tests hold is for a real cluster to say. */
interface Operation {
  op: "test" | "add" | "replace";
  path: string;
  value: unknown;
}

/** Another spec is another generation. */
function patched(object: KubeObject, { op, path, value }: Operation): KubeObject {
  const [, outer, inner] = path.split("/") as [string, "metadata" | "spec", string?];
  if (op === "test") {
    return object;
  }
  const kept = (object as unknown as Record<string, object>)[outer];
  const changed = { ...object, [outer]: inner === undefined ? value : { ...kept, [inner]: value } };
  const generation = (object.metadata.generation ?? 0) + (outer === "spec" ? 1 : 0);
  return { ...changed, metadata: { ...changed.metadata, generation } };
}

/** The lists, watches and objects of an API server, which fails as a test says. */
export class ScriptedApi {
  /** Of each request its query, by what it was: `list` or `watch` and the last part of its path; others by method and path. */
  readonly asked: Asked[] = [];
  /** What is answered next instead, to what begins with that. */
  private readonly instead: { what: string; script: Script }[] = [];
  private readonly objects = new Map<string, Map<string, KubeObject>>();
  private readonly log: Logged[] = [];
  private readonly watchers = new Set<Watcher>();
  private version = 10;
  /** How many a page of a list has at most. */
  pageSize = 500;
  /** Called with what is patched as it is then. */
  changed: (object: KubeObject) => void = () => {};

  private constructor(private server: Server) {}

  static async open(): Promise<ScriptedApi> {
    const api = new ScriptedApi(createServer());
    await api.listen(0);
    return api;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** @param patience for a call, in milliseconds */
  async cluster(patience?: number): Promise<Cluster> {
    const connection = kubernetesConnection.parse({ server: this.url, token, namespace: "shop" });
    return new Cluster(await kubeConfigOf(connection), undefined, patience);
  }

  async close(): Promise<void> {
    this.cut();
    const closed = new Promise((resolve) => this.server.close(resolve));
    this.server.closeAllConnections();
    await closed;
  }

  /** Is gone for a while, and comes back under the same address; the function that brings it back. */
  async goAway(): Promise<() => Promise<void>> {
    const { port } = this.server.address() as AddressInfo;
    await this.close();
    return () => {
      this.server = createServer();
      return this.listen(port);
    };
  }

  queriesOf(what: string): URLSearchParams[] {
    return this.asked.filter((one) => one.what === what).map(({ query }) => query);
  }

  /** The next of these is answered like that; several in turn. */
  next(what: string, ...scripts: Script[]): void {
    this.instead.push(...scripts.map((script) => ({ what, script })));
  }

  /** Something is there from now on, or is there in another way. */
  put(
    collection: string,
    name: string,
    facts: { metadata?: Partial<ObjectMeta>; spec?: object } = {},
  ): KubeObject {
    const all = this.objects.get(collection) ?? new Map<string, KubeObject>();
    this.objects.set(collection, all);
    const known = all.get(name);
    // Every object has a spec, and pods have containers.
    const object: KubeObject & { spec: object } = {
      spec: { containers: [] },
      ...facts,
      metadata: {
        ...{ name, uid: known?.metadata.uid ?? `uid-${name}-${this.version}` },
        creationTimestamp: "2026-01-01T00:00:00Z",
        ...facts.metadata,
        resourceVersion: `${++this.version}`,
      },
    };
    all.set(name, object);
    this.tell(collection, { type: known ? "MODIFIED" : "ADDED", object });
    return object;
  }

  remove(collection: string, name: string): void {
    const all = this.objects.get(collection)!;
    const known = all.get(name)!;
    all.delete(name);
    const metadata = { ...known.metadata, resourceVersion: `${++this.version}` };
    this.tell(collection, { type: "DELETED", object: { ...known, metadata } });
  }

  /** Tells watchers how far they are. */
  bookmark(): number {
    this.version++;
    const metadata = { resourceVersion: `${this.version}` };
    this.write({ type: "BOOKMARK", object: { metadata } as KubeObject });
    return this.version;
  }

  /** Ends all watches, as API servers do now and then. */
  end(): void {
    for (const { response } of this.watchers) {
      response.end();
    }
    this.watchers.clear();
  }

  /** Cuts the connections of all watches. */
  cut(): void {
    for (const { response } of this.watchers) {
      response.socket?.destroy();
    }
    this.watchers.clear();
  }

  get watching(): number {
    return this.watchers.size;
  }

  private listen(port: number): Promise<void> {
    this.server.on("request", (request, response) => this.handle(request, response));
    return new Promise((resolve) => this.server.listen(port, "127.0.0.1", resolve));
  }

  private handle(request: IncomingMessage, response: ServerResponse): void {
    const { pathname, searchParams: query } = new URL(request.url!, this.url);
    const collection = pathname.split("/").at(-1)!;
    const isList = request.method === "GET" && /\/namespaces\/shop\/[a-z]+$/.test(pathname);
    const way = query.has("watch") ? "watch" : "list";
    const what = isList ? `${way} ${collection}` : `${request.method} ${pathname}`;
    const { authorization } = request.headers;
    const asked: Asked = { what, query, at: Date.now(), ...(authorization && { authorization }) };
    this.asked.push(asked);
    const index = this.instead.findIndex((one) => what.startsWith(one.what));
    if (index >= 0) {
      this.instead.splice(index, 1)[0]!.script(request, response);
    } else if (!isList) {
      void this.single(pathname, asked, request, response);
    } else if (way === "watch") {
      this.watch(collection, Number(query.get("resourceVersion")), response);
    } else {
      this.list(collection, query.get("continue"), request, response);
    }
  }

  /** One object: it is there or not, is made, applied as it is given, or removed. */
  private async single(path: string, asked: Asked, request: IncomingMessage, response: ServerResponse) {
    const { method } = request;
    asked.body = method === "GET" ? {} : ((await json(request)) as Body);
    const { metadata, preconditions } = asked.body;
    const [, collection = "", end] = /\/namespaces\/shop\/([a-z]+)(?:\/([^/]+))?$/.exec(path) ?? [];
    const name = end ?? metadata?.name ?? "";
    const known = this.objects.get(collection)?.get(name);
    const uid = preconditions?.uid ?? metadata?.uid;
    const isMade = !known && collection && (method === "POST" || method === "PATCH");
    if (method === "GET" && path.endsWith("/namespaces/shop")) {
      answer(200, {})(request, response);
    } else if (!known && !isMade) {
      answer(404, { message: "not there" })(request, response);
    } else if (known ? method === "POST" || (uid ?? known.metadata.uid) !== known.metadata.uid : uid) {
      refusal(409, "Conflict", `there is another ${name}`)(request, response);
    } else if (method === "DELETE") {
      this.remove(collection, name);
      answer(200, {})(request, response);
    } else if (method === "GET") {
      answer(200, known)(request, response);
    } else if (known && Array.isArray(asked.body)) {
      const operations = asked.body as Operation[];
      const found = this.put(collection, name, operations.reduce(patched, known));
      this.changed(found);
      answer(200, found)(request, response);
    } else {
      answer(isMade ? 201 : 200, this.put(collection, name, asked.body))(request, response);
    }
  }

  private list(collection: string, from: string | null, request: IncomingMessage, response: ServerResponse) {
    const all = [...(this.objects.get(collection)?.values() ?? [])];
    const start = Number(from ?? 0);
    const end = start + this.pageSize;
    const metadata = { resourceVersion: `${this.version}`, ...(end < all.length && { continue: `${end}` }) };
    answer(200, { kind: "List", metadata, items: all.slice(start, end) })(request, response);
  }

  private watch(collection: string, from: number, response: ServerResponse): void {
    response.writeHead(200, { "content-type": "application/json" });
    response.flushHeaders();
    for (const { event } of this.log.filter((one) => one.collection === collection && one.version > from)) {
      response.write(`${JSON.stringify(event)}\n`);
    }
    const watcher = { collection, response };
    this.watchers.add(watcher);
    response.once("close", () => this.watchers.delete(watcher));
  }

  private tell(collection: string, event: WatchEvent<KubeObject>): void {
    this.log.push({ collection, version: this.version, event });
    this.write(event, collection);
  }

  private write(event: WatchEvent<KubeObject>, collection?: string): void {
    for (const watcher of this.watchers) {
      if (collection === undefined || watcher.collection === collection) {
        watcher.response.write(`${JSON.stringify(event)}\n`);
      }
    }
  }
}
