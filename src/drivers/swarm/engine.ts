import { Agent } from "node:http";
import { Agent as TlsAgent } from "node:https";
import type { Readable } from "node:stream";
import Docker from "dockerode";
import type { SwarmConnection } from "../../domain/connection.js";
import type { RegistryCredential } from "../../operations/driver.js";
import { absenceOf } from "../engine/absence.js";
import { EngineAway, EngineRefusal } from "../engine/answers.js";
import type {
  EngineInfo,
  EngineNode,
  EngineObject,
  EngineService,
  EngineTask,
  ServiceSpec,
} from "./engine-types.js";

/**
 * What opens the registry for the tasks of a service: a credential, none, the one that it has, or the one that it had
 * before its last change. To the engine it is part of the tasks: with another one all of them are replaced.
 */
export type PullsWith = RegistryCredential | null | "spec" | "previous-spec";

/** How long a call may take, in milliseconds; followed streams may take longer. */
const callPatience = 30_000;

export interface LogOptions {
  /** Lines of each task. */
  tail: number | "all";
  /** By the nodes' clocks. */
  since?: Date;
  follow: boolean;
  signal: AbortSignal;
}

type Filters = Record<string, string[]>;

/** Speaks to the engine of one environment. Every call is counted by its name. */
export class Engine {
  readonly calls = new Map<string, number>();
  private readonly docker: Docker;
  private readonly agent: Agent;
  private isClosed = false;

  constructor(
    connection: SwarmConnection,
    /** For tests that look at what is said. */
    readonly where = connection.host,
  ) {
    const options = optionsOf(connection);
    this.agent = new (options.protocol === "https" ? TlsAgent : Agent)({ keepAlive: true });
    const all: object = { ...options, version: "v1.41", agent: this.agent };
    this.docker = new Docker(all);
  }

  /** Ends its connections, with all that is still asked or followed; what is asked from now on finds it away. */
  close(): void {
    this.isClosed = true;
    this.agent.destroy();
  }

  info(): Promise<EngineInfo> {
    return this.call("info", () => this.docker.info());
  }

  nodes(): Promise<EngineNode[]> {
    return this.call("nodes", () => this.docker.listNodes());
  }

  /** Null when there is none. */
  service(name: string): Promise<EngineService | null> {
    return this.maybe(this.call("service", () => this.docker.getService(name).inspect()));
  }

  /** With `ServiceStatus` each. */
  services(filters: Filters = {}): Promise<EngineService[]> {
    const query = { status: true, filters: JSON.stringify(filters) } as Docker.ServiceListOptions;
    return this.call("services", async () => {
      return (await this.docker.listServices(query)) as unknown as EngineService[];
    });
  }

  createService(spec: ServiceSpec, credential: RegistryCredential | null): Promise<{ id: string }> {
    return this.call("createService", async () => {
      const created = await this.docker.createService(authOf(credential).authconfig as never, spec as never);
      return { id: (created as unknown as { id: string }).id };
    });
  }

  updateService(id: string, version: number, spec: ServiceSpec, pullsWith: PullsWith): Promise<unknown> {
    const isKept = typeof pullsWith === "string";
    // Without one the engine would go on with the one that it has.
    const auth = isKept ? undefined : (authOf(pullsWith).authconfig ?? {});
    const query = { version, ...(isKept && { registryAuthFrom: pullsWith }) };
    const service = this.docker.getService(id) as unknown as {
      update(auth: object | undefined, options: object): Promise<unknown>;
    };
    return this.call("updateService", () => service.update(auth, { _query: query, _body: spec }));
  }

  removeService(id: string): Promise<unknown> {
    return this.maybe(this.call("removeService", () => this.docker.getService(id).remove()));
  }

  /** None when there is no such service. */
  async tasks(serviceId: string): Promise<EngineTask[]> {
    const filters = JSON.stringify({ service: [serviceId] });
    return (await this.maybe(this.call("tasks", () => this.docker.listTasks({ filters })))) ?? [];
  }

  /** Null when it is not on the node that is asked. */
  container(id: string): Promise<Docker.ContainerInspectInfo | null> {
    return this.maybe(this.call("container", () => this.docker.getContainer(id).inspect()));
  }

  containers(filters: Filters): Promise<Docker.ContainerInfo[]> {
    return this.call("containers", () =>
      this.docker.listContainers({ all: true, filters: JSON.stringify(filters) }),
    );
  }

  /** Lines of all tasks of a service, each with the task it is from. */
  serviceLogs(id: string, options: LogOptions): Promise<Readable> {
    return this.logs("serviceLogs", `/services/${id}/logs?`, options);
  }

  taskLogs(id: string, tail: number, signal: AbortSignal): Promise<Readable> {
    return this.logs("taskLogs", `/tasks/${id}/logs?`, { tail, follow: false, signal });
  }

  events(filters: Filters, signal: AbortSignal): Promise<Readable> {
    const options = { filters: JSON.stringify(filters), abortSignal: signal } as Docker.GetEventsOptions;
    return this.call("events", async () => (await this.docker.getEvents(options)) as Readable);
  }

  /** What the registry has under a name. */
  distribution(
    image: string,
    credential: RegistryCredential | null,
    signal: AbortSignal,
  ): Promise<{ Descriptor: { digest: string } }> {
    const options = { ...authOf(credential), abortSignal: signal };
    return this.call("distribution", async () => {
      const found: unknown = await this.docker.getImage(image).distribution(options);
      return found as { Descriptor: { digest: string } };
    });
  }

  /** As it is on the node that is asked; null when it is not there. */
  image(name: string): Promise<Docker.ImageInspectInfo | null> {
    return this.maybe(this.call("image", () => this.docker.getImage(name).inspect()));
  }

  async pull(image: string, credential: RegistryCredential | null, signal: AbortSignal): Promise<void> {
    const stream = await this.call("pull", () =>
      this.docker.pull(image, { ...authOf(credential), abortSignal: signal } as never),
    );
    await new Promise<void>((resolve, reject) => {
      this.docker.modem.followProgress(stream, (error) => (error ? reject(asOurs(error)) : resolve()));
    });
  }

  async createObject(
    kind: "config" | "secret",
    spec: { Name: string; Data: string; Labels: Record<string, string>; Templating?: { Name: string } },
  ): Promise<string> {
    // The SDK would put it all into the address too, where it is logged, and soon too long.
    const body = { _query: {}, _body: spec } as never;
    const made = await this.call(`create ${kind}`, () =>
      kind === "config" ? this.docker.createConfig(body) : this.docker.createSecret(body),
    );
    return (made as { id: string }).id;
  }

  async objects(kind: "config" | "secret", filters: Filters): Promise<EngineObject[]> {
    const query: object = { filters: JSON.stringify(filters) };
    return this.call(`${kind}s`, async () => {
      const found: unknown =
        kind === "config" ? await this.docker.listConfigs(query) : await this.docker.listSecrets(query);
      return found as EngineObject[];
    });
  }

  removeObject(kind: "config" | "secret", id: string): Promise<unknown> {
    const object = kind === "config" ? this.docker.getConfig(id) : this.docker.getSecret(id);
    return this.maybe(this.call(`remove ${kind}`, () => object.remove()));
  }

  networks(filters: Filters): Promise<Docker.NetworkInspectInfo[]> {
    return this.call("networks", () =>
      this.docker.listNetworks({ filters: JSON.stringify(filters) as never }),
    );
  }

  async createNetwork(name: string, labels: Record<string, string>): Promise<string> {
    const options = { Name: name, Driver: "overlay", Attachable: true, Labels: labels, CheckDuplicate: true };
    const body = { _query: {}, _body: options } as never;
    const made: { id: string } = await this.call("create network", () => this.docker.createNetwork(body));
    return made.id;
  }

  removeNetwork(id: string): Promise<unknown> {
    return this.maybe(this.call("remove network", () => this.docker.getNetwork(id).remove()));
  }

  removeVolume(name: string): Promise<unknown> {
    return this.maybe(this.call("remove volume", () => this.docker.getVolume(name).remove()));
  }

  /** @throws EngineRefusal, EngineAway */
  private async call<T>(name: string, work: () => Promise<T>): Promise<T> {
    if (this.isClosed) {
      throw new EngineAway(`the engine at ${this.where} is not asked any more`);
    }
    this.calls.set(name, (this.calls.get(name) ?? 0) + 1);
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      const message = `the engine at ${this.where} did not answer within ${callPatience / 1000} s`;
      timer = setTimeout(() => reject(new EngineAway(message)), callPatience);
    });
    try {
      return await Promise.race([work(), late]);
    } catch (error) {
      throw asOurs(error);
    } finally {
      clearTimeout(timer);
    }
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

  private logs(name: string, path: string, { tail, since, follow, signal }: LogOptions): Promise<Readable> {
    const from = since ? { since: (since.getTime() / 1000).toFixed(3) } : {};
    const query = {
      stdout: true,
      stderr: true,
      details: true,
      timestamps: true,
      follow,
      tail: `${tail}`,
      ...from,
    };
    return this.call(
      name,
      () =>
        new Promise<Readable>((resolve, reject) => {
          const options = {
            path,
            method: "GET",
            isStream: true,
            abortSignal: signal,
            options: query,
            statusCodes: {
              200: true,
              101: true,
              404: "no such service",
              500: "server error",
              503: "no swarm",
            },
          };
          this.docker.modem.dial(options as never, (error, stream) =>
            error ? reject(error) : resolve(stream as Readable),
          );
        }),
    );
  }
}

function optionsOf({ host, ca, certificate, key }: SwarmConnection): Docker.DockerOptions {
  const url = new URL(host);
  if (url.protocol === "unix:") {
    return { socketPath: url.pathname };
  }
  const tls = certificate !== null && key !== null;
  return {
    host: url.hostname,
    port: Number(url.port || (tls ? 2376 : 2375)),
    protocol: tls ? "https" : "http",
    ...(tls && { cert: certificate, key, ...(ca !== null && { ca }) }),
  };
}

function authOf(credential: RegistryCredential | null): { authconfig?: object } {
  return credential
    ? {
        authconfig: {
          username: credential.username,
          password: credential.password,
          serveraddress: credential.server,
        },
      }
    : {};
}

/** A swarm between two leaders answers, but can do nothing: it may soon. */
const leaderless =
  /does not have a leader|context deadline exceeded|code = Unavailable|transport is closing/i;

/** Errors of the SDK as refusals and absences; what was aborted stays what it is. */
function asOurs(error: unknown): unknown {
  if (error instanceof EngineAway || error instanceof EngineRefusal || !(error instanceof Error)) {
    return error;
  }
  const { statusCode, json, code, name } = error as Error & {
    statusCode?: number;
    json?: { message?: string };
    code?: string;
  };
  if (name === "AbortError") {
    return error;
  }
  if (statusCode !== undefined) {
    const said = json?.message ?? error.message;
    return leaderless.test(said) ? new EngineAway(said) : new EngineRefusal(statusCode, said);
  }
  return code !== undefined || /socket hang up|aborted/.test(error.message)
    ? new EngineAway(absenceOf(code, error.message))
    : error;
}
