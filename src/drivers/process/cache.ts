import { createHash, randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { lstat, mkdir, readdir, rename, rm, stat, utimes } from "node:fs/promises";
import { join } from "node:path";
import { SharedWork } from "./shared-work.js";

/** `mirrors`: bare repositories; `sources`: files of one commit; `dependencies`: installed node_modules. */
export type CacheKind = "mirrors" | "sources" | "dependencies";
const kinds: CacheKind[] = ["mirrors", "sources", "dependencies"];

/** An entry that is in use until released. */
export interface CacheEntry {
  folder: string;
  /** Whether it was there already. */
  hit: boolean;
  release(): void;
}

/**
 * Folders that can be made again, by what they were made of. An entry is built elsewhere and renamed, so it
 * is whole or not there; entries go by age and total size, the ones used least lately first, never in use.
 */
export class Cache {
  private readonly uses = new Map<string, number>();
  private readonly shared = new SharedWork();
  private readonly sizes = new Map<string, number>();

  constructor(
    private readonly folder: string,
    private readonly maxBytes: number,
    private readonly maxAgeSeconds: number,
  ) {}

  /** The entry of that key; when there is none `build` makes it, once for all who ask at the same time. */
  async obtain(
    kind: CacheKind,
    key: string,
    signal: AbortSignal,
    onLine: (line: string) => void,
    build: (folder: string, signal: AbortSignal, emit: (line: string) => void) => Promise<void>,
  ): Promise<CacheEntry> {
    const release = this.retain(kind, key);
    const folder = this.path(kind, key);
    try {
      const hit = existsSync(folder);
      if (!hit) {
        await this.shared.run(folder, signal, onLine, (stop, emit) =>
          this.build(folder, stop, (temp) => build(temp, stop, emit)),
        );
      }
      await touch(folder);
      return { folder, hit, release };
    } catch (error) {
      release();
      throw error;
    }
  }

  /** Keeps an entry from being evicted until the returned function is called. */
  retain(kind: CacheKind, key: string): () => void {
    const path = this.path(kind, key);
    this.uses.set(path, (this.uses.get(path) ?? 0) + 1);
    let held = true;
    return () => {
      if (held) {
        held = false;
        const left = this.uses.get(path)! - 1;
        left > 0 ? this.uses.set(path, left) : this.uses.delete(path);
      }
    };
  }

  path(kind: CacheKind, key: string): string {
    return join(this.folder, kind, key);
  }

  /** Removes what a killed server was in the middle of building. */
  async clean(): Promise<void> {
    await rm(join(this.folder, "temp"), { recursive: true, force: true });
  }

  /** Removes what is too old and, beyond the size allowed, what was used least lately. */
  async evict(): Promise<void> {
    const entries = (await Promise.all(kinds.map((kind) => this.list(kind)))).flat();
    entries.sort((one, other) => one.usedAt - other.usedAt);
    let total = entries.reduce((sum, entry) => sum + entry.bytes, 0);
    const tooOld = Date.now() - this.maxAgeSeconds * 1000;
    for (const { path, usedAt, bytes } of entries) {
      const goes = usedAt < tooOld || total > this.maxBytes;
      if (goes && !this.uses.has(path)) {
        await this.discard(path);
        total -= bytes;
      }
    }
  }

  private async build(
    folder: string,
    signal: AbortSignal,
    build: (temp: string) => Promise<void>,
  ): Promise<void> {
    const temp = await this.temp();
    try {
      signal.throwIfAborted();
      await build(temp);
      await mkdir(join(folder, ".."), { recursive: true });
      await rename(temp, folder);
    } finally {
      await rm(temp, { recursive: true, force: true });
    }
  }

  private async temp(): Promise<string> {
    const temp = join(this.folder, "temp", randomBytes(8).toString("hex"));
    await mkdir(temp, { recursive: true });
    return temp;
  }

  /** Renamed first: nobody may find half an entry. */
  private async discard(path: string): Promise<void> {
    const temp = await this.temp();
    await rename(path, join(temp, "gone")).catch(() => undefined);
    this.sizes.delete(path);
    await rm(temp, { recursive: true, force: true });
  }

  private async list(kind: CacheKind): Promise<{ path: string; usedAt: number; bytes: number }[]> {
    const names = await readdir(join(this.folder, kind)).catch(() => []);
    const found = [];
    for (const name of names) {
      const path = this.path(kind, name);
      const entry = await stat(path).catch(() => null);
      if (entry) {
        found.push({ path, usedAt: entry.mtimeMs, bytes: await this.sizeOf(path, kind) });
      }
    }
    return found;
  }

  /** Mirrors grow; the others stay as they were built. */
  private async sizeOf(path: string, kind: CacheKind): Promise<number> {
    const known = kind === "mirrors" ? undefined : this.sizes.get(path);
    const size = known ?? (await folderSize(path));
    this.sizes.set(path, size);
    return size;
  }
}

async function touch(path: string): Promise<void> {
  const now = new Date();
  await utimes(path, now, now).catch(() => undefined);
}

async function folderSize(folder: string): Promise<number> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  let total = 0;
  for (const entry of entries) {
    const path = join(folder, entry.name);
    total += entry.isDirectory()
      ? await folderSize(path)
      : await lstat(path).then(
          (found) => found.size,
          () => 0,
        );
  }
  return total;
}

/** A cache key: the same parts in the same order, the same key. */
export function cacheKey(parts: string[]): string {
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, 40);
}
