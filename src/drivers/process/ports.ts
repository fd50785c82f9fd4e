import { randomInt } from "node:crypto";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { dirname } from "node:path";
import type { PortSpec } from "../../domain/recipe-spec.js";
import { OperationFailure } from "../../errors.js";

/** Published port by `<service key>` and port name, as kept on disk. */
type Allocations = Record<string, Record<string, number>>;

/** Gives each service port a published port of its own that it keeps for ever. */
export class PublishedPorts {
  private allocations: Allocations | null = null;
  private queue: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly file: string,
    private readonly host: string,
    private readonly range: { from: number; to: number },
  ) {}

  /** Published port by port name; what the recipe publishes wins over what is allocated. */
  assign(service: string, ports: PortSpec[]): Promise<Map<string, number>> {
    return this.exclusively(async (allocations) => {
      const own = allocations[service] ?? {};
      allocations[service] = own;
      let changed = false;
      const assigned = new Map<string, number>();
      for (const { name, published } of ports) {
        if (published === null && own[name] === undefined) {
          own[name] = await this.free(allocations);
          changed = true;
        }
        assigned.set(name, published ?? own[name]!);
      }
      if (changed) {
        await this.save(allocations);
      }
      return assigned;
    });
  }

  release(service: string): Promise<void> {
    return this.exclusively(async (allocations) => {
      if (allocations[service]) {
        delete allocations[service];
        await this.save(allocations);
      }
    });
  }

  private exclusively<T>(work: (allocations: Allocations) => Promise<T>): Promise<T> {
    const done = this.queue.then(async () => {
      this.allocations ??= await this.load();
      return work(this.allocations);
    });
    this.queue = done.catch(() => undefined);
    return done;
  }

  private async free(allocations: Allocations): Promise<number> {
    const taken = new Set(Object.values(allocations).flatMap((ports) => Object.values(ports)));
    for (let port = this.range.from; port <= this.range.to; port++) {
      if (!taken.has(port) && (await canListen(port, this.host))) {
        return port;
      }
    }
    const message = `All ports from ${this.range.from} to ${this.range.to} are in use: widen the range of service ports.`;
    throw new OperationFailure("PORT_TAKEN", message);
  }

  private async load(): Promise<Allocations> {
    try {
      return JSON.parse(await readFile(this.file, "utf8")) as Allocations;
    } catch (error) {
      // Anything but a missing file: giving every service another port is worse than to stop here.
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") {
        throw error;
      }
      return {};
    }
  }

  private async save(allocations: Allocations): Promise<void> {
    await mkdir(dirname(this.file), { recursive: true });
    await writeFile(`${this.file}.tmp`, JSON.stringify(allocations, null, 2));
    await rename(`${this.file}.tmp`, this.file);
  }
}

/** @param host every address of this host unless given */
function canListen(port: number, host?: string): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(true)));
  });
}

/**
 * Where instances listen. Kernels give higher ports to outgoing connections (Linux from 32768 on): one of these might hold
 * the port just when the app wants it.
 */
const instancePorts = { from: 10_000, to: 32_767 };
const mostTries = 10_000;

/** Handed out lately: the kernel knows nothing of a port between our asking for it and the app's listening. */
const handedOut = new Map<number, number>();

/**
 * A port that nobody listens on, for an instance to listen on.
 * @throws OperationFailure PORT_TAKEN when there is none
 */
export async function freePort(): Promise<number> {
  const now = Date.now();
  for (const [other, at] of handedOut) {
    if (now - at > 60_000) {
      handedOut.delete(other);
    }
  }
  for (let tries = 0; tries < mostTries; tries++) {
    const port = randomInt(instancePorts.from, instancePorts.to + 1);
    if (!handedOut.has(port)) {
      handedOut.set(port, now);
      if (await canListen(port)) {
        return port;
      }
    }
  }
  const message = `No port from ${instancePorts.from} to ${instancePorts.to} is free for an instance: end what listens there.`;
  throw new OperationFailure("PORT_TAKEN", message);
}
