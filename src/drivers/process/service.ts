import { hostname } from "node:os";
import type {
  Observed,
  PublishedPort,
  ServiceRef,
  ServiceState,
  Target,
  Task,
} from "../../operations/driver.js";
import type { InstanceContext } from "./instance.js";
import type { LogFiles } from "./log-files.js";
import type { PublishedPorts } from "./ports.js";
import { PortProxy, type Upstream } from "./proxy.js";
import type { PidRecords } from "./records.js";
import { ReplicaSet } from "./replica-set.js";
import type { Workspace } from "./workspace.js";

export interface ServiceOptions {
  ref: ServiceRef;
  /** Address services are published on. */
  host: string;
  ports: PublishedPorts;
  logs: LogFiles;
  records: PidRecords;
  changed(): void;
}

/** One service of this host: its published ports and the replica sets behind them. */
export class Service {
  /** Where requests go. Assigning it is the cut-over, for all ports at once. */
  serving: ReplicaSet | null = null;
  /** Sets that are starting or ending besides the one that serves. */
  readonly others = new Set<ReplicaSet>();
  private readonly proxies = new Map<number, PortProxy>();

  constructor(readonly options: ServiceOptions) {}

  get key(): string {
    return serviceKey(this.options.ref);
  }

  /** Opens what the target publishes and is not open yet; PORT_TAKEN leaves it as it was. */
  async publish(target: Target): Promise<Map<number, string>> {
    const assigned = await this.options.ports.assign(this.key, target.spec.ports);
    const opened: PortProxy[] = [];
    try {
      for (const port of assigned.values()) {
        if (!this.proxies.has(port)) {
          const proxy = await PortProxy.listen(port, this.options.host, (avoid) => this.pick(port, avoid));
          this.proxies.set(port, proxy);
          opened.push(proxy);
        }
      }
    } catch (error) {
      for (const proxy of opened) {
        this.proxies.delete(proxy.port);
        proxy.destroy();
      }
      throw error;
    }
    return new Map([...assigned].map(([name, port]) => [port, name]));
  }

  /** Closes the ports that the set which serves does not publish. */
  unpublish(): void {
    for (const [port, proxy] of this.proxies) {
      if (!this.serving?.published.has(port)) {
        this.proxies.delete(port);
        proxy.destroy();
      }
    }
  }

  newSet(
    target: Target,
    workspace: Workspace,
    published: ReadonlyMap<number, string>,
    echo: InstanceContext["echo"],
  ): ReplicaSet {
    const { records, logs, changed } = this.options;
    return new ReplicaSet({ target, workspace, records, logs, echo, changed }, published);
  }

  /** Takes no new connections from now on. */
  closeProxies(): void {
    for (const proxy of this.proxies.values()) {
      proxy.close();
    }
  }

  destroyProxies(): void {
    for (const proxy of this.proxies.values()) {
      proxy.destroy();
    }
    this.proxies.clear();
  }

  observe(): Observed {
    const sets = [...(this.serving ? [this.serving] : []), ...this.others];
    const tasks = sets.flatMap((set) => set.instances.map((one) => this.task(set, one)));
    const main = this.serving ?? [...this.others][0] ?? null;
    return {
      state: stateOf(main),
      tasks,
      ports: main ? this.ports(main) : [],
      fingerprint: this.serving?.target.fingerprint ?? null,
      operationId: this.serving?.target.stamp.operationId ?? null,
      drifted: false,
    };
  }

  private pick(published: number, avoid: ReadonlySet<Upstream>): { upstream: Upstream; port: number } | null {
    const name = this.serving?.published.get(published);
    const upstream = this.serving?.pick(avoid);
    const port = name === undefined ? undefined : upstream?.ports.get(name);
    return upstream && port !== undefined ? { upstream, port } : null;
  }

  private ports(set: ReplicaSet): PublishedPort[] {
    const { host } = this.options;
    return [...set.published].map(([published, name]) => {
      const { target } = set.target.spec.ports.find((port) => port.name === name)!;
      return { name, target, published, protocol: "TCP", address: `${host}:${published}` };
    });
  }

  private task(set: ReplicaSet, one: ReplicaSet["instances"][number]): Task {
    const { operationId } = set.target.stamp;
    const port = [...one.ports.values()][0];
    return {
      id: `${operationId}.${one.number}`,
      instance: one.number,
      state: one.state,
      since: one.since,
      node: hostname(),
      message: one.message,
      restarts: one.restarts,
      address: port === undefined ? null : addressOf(one.host, port),
      operationId,
    };
  }
}

/** Apps that listen on `localhost` may have chosen its IPv6 address. */
function addressOf(host: string, port: number): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

/** What a service is kept under on this host. */
export function serviceKey(ref: ServiceRef): string {
  return `${ref.environmentId}/${ref.serviceId}`;
}

function stateOf(set: ReplicaSet | null): ServiceState {
  const states = set?.instances.map((one) => one.state) ?? [];
  if (states.every((state) => state === "STOPPED" || state === "STOPPING")) {
    return "STOPPED";
  }
  if (states.every((state) => state === "RUNNING")) {
    return "RUNNING";
  }
  return states.every((state) => state === "STARTING") ? "STARTING" : "DEGRADED";
}
