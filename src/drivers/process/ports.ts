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

function canListen(port: number, host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(true)));
  });
}

/** Handed out lately: the kernel knows nothing of a port between our asking for it and the app's listening. */
const handedOut = new Map<number, number>();

/** A port of the loopback interface that nobody listens on, for an instance to listen on. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = await new Promise<number>((resolve, reject) => {
      const server = createServer();
      server.once("error", reject);
      server.listen({ port: 0, host: "127.0.0.1" }, () => {
        const { port } = server.address() as { port: number };
        server.close(() => resolve(port));
      });
    });
    const now = Date.now();
    for (const [other, at] of handedOut) {
      if (now - at > 60_000) {
        handedOut.delete(other);
      }
    }
    if (!handedOut.has(port)) {
      handedOut.set(port, now);
      return port;
    }
  }
}
