import { createHash, randomBytes } from "node:crypto";
import { access, constants, mkdir, readdir, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Entry } from "./entry.js";
import type { ContainerJob, ContainerSource } from "./job.js";
import { ifFree } from "./lock.js";

/** How many apps and mirrors stay whatever their age, and how long one counts as in use, in milliseconds. */
const kept = 3;
const inUseFor = 600_000;

/** Takes the place of a cache that cannot be written. */
export const fallbackCache = join(tmpdir(), "rebake");

/** Apps and mirrors in a folder. Npm's own cache, `npm`, is beside them. */
export class Cache {
  private readonly source: ContainerSource;
  private readonly made: string;

  constructor(
    readonly folder: string,
    { source, image }: ContainerJob,
  ) {
    this.source = source!;
    const { repository, commit, path } = this.source;
    this.made = hash([repository, commit, path, image]);
  }

  get app(): Entry {
    return new Entry(join(this.folder, "apps", `${this.made}-${process.version}-${process.arch}`));
  }

  get mirror(): Entry {
    return new Entry(join(this.folder, "mirrors", hash([this.source.repository])));
  }

  /** The app as another Node has prepared it: that of an init container with an image of its own. */
  async preparedElsewhere(): Promise<Entry | null> {
    const names = await readdir(join(this.folder, "apps")).catch(() => []);
    const others = names.filter((name) => name.startsWith(`${this.made}-`));
    const [newest] = await byAge(others.map((name) => new Entry(join(this.folder, "apps", name))));
    return newest?.entry ?? null;
  }

  /** @throws the file system's error when this process cannot work in it */
  async makeWritable(): Promise<void> {
    for (const folder of [this.app.folder, this.mirror.folder, join(this.folder, "npm")]) {
      await mkdir(folder, { recursive: true });
      await access(folder, constants.W_OK | constants.X_OK);
    }
  }

  /** Removes what has not been in use for long, but for the newest. Never fails: there is another time. */
  async cleanUp(): Promise<void> {
    await cleanUp(join(this.folder, "apps")).catch(() => undefined);
    await cleanUp(join(this.folder, "mirrors")).catch(() => undefined);
  }
}

async function cleanUp(folder: string): Promise<void> {
  const names = await readdir(folder);
  for (const name of names.filter((each) => each.startsWith(".gone-"))) {
    await rm(join(folder, name), { recursive: true, force: true });
  }
  const entries = names.filter((name) => !name.startsWith(".")).map((name) => new Entry(join(folder, name)));
  for (const { entry, usedAt } of (await byAge(entries)).slice(kept)) {
    if (isUnused(usedAt)) {
      await ifFree(entry.lock, () => remove(folder, entry));
    }
  }
}

/** It goes at once for whoever looks for it, and then file by file. */
async function remove(folder: string, entry: Entry): Promise<void> {
  if (isUnused(await entry.usedAt())) {
    const gone = join(folder, `.gone-${randomBytes(4).toString("hex")}`);
    await rename(entry.folder, gone);
    await rm(gone, { recursive: true, force: true });
  }
}

function isUnused(usedAt: number): boolean {
  return usedAt < Date.now() - inUseFor;
}

/** The one used last comes first. */
async function byAge(entries: Entry[]): Promise<{ entry: Entry; usedAt: number }[]> {
  const aged = await Promise.all(entries.map(async (entry) => ({ entry, usedAt: await entry.usedAt() })));
  return aged.sort((a, b) => b.usedAt - a.usedAt);
}

function hash(parts: (string | null)[]): string {
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, 20);
}
