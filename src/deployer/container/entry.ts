import { randomBytes } from "node:crypto";
import { mkdir, readdir, readlink, rm, stat, symlink, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** How often what is in use says so, in milliseconds. */
const usedEvery = 60_000;

/**
 * One thing of the cache, an app or a mirror: a folder with `used`, whose time says when it was last in use, `lock`, and
 * for an app `attempt-…`, a folder for each attempt to make it. An app is built in its final place, because install
 * scripts write absolute paths, and complete only once the link `complete` names the attempt; that link is made once,
 * so one that was slow, or frozen, cannot harm what others have made meanwhile.
 */
export class Entry {
  constructor(readonly folder: string) {}

  get lock(): string {
    return join(this.folder, "lock");
  }

  /** Keeps it from being cleaned up for ten minutes; what is read-only cannot be, and nobody cleans it up. */
  async touch(): Promise<void> {
    const mark = join(this.folder, "used");
    const now = new Date();
    await utimes(mark, now, now).catch(() => writeFile(mark, "").catch(() => undefined));
  }

  /** Touches it as long as this process lives. */
  keep(): void {
    setInterval(() => void this.touch(), usedEvery).unref();
  }

  /** When it was last in use, in milliseconds. */
  async usedAt(): Promise<number> {
    const mark = await stat(join(this.folder, "used")).catch(() => stat(this.folder).catch(() => null));
    return mark?.mtimeMs ?? 0;
  }

  /** The files of a complete app, in use from now on; null when it is not complete. */
  async open(): Promise<string | null> {
    const attempt = await readlink(join(this.folder, "complete")).catch(() => null);
    if (attempt === null) {
      return null;
    }
    await this.touch();
    const files = this.filesOf(attempt);
    return (await stat(files).catch(() => null)) && files;
  }

  /** A new place for the files, made by whoever has the lock: what earlier attempts left is thrown away. */
  async begin(): Promise<{ attempt: string; files: string }> {
    const names = await readdir(this.folder);
    for (const name of names.filter((each) => each.startsWith("attempt-") || each === "complete")) {
      await rm(join(this.folder, name), { recursive: true, force: true, maxRetries: 3 });
    }
    const attempt = `attempt-${randomBytes(4).toString("hex")}`;
    await mkdir(join(this.folder, attempt));
    return { attempt, files: this.filesOf(attempt) };
  }

  /** Returns the files to use, which are another's when that was faster. */
  async complete(attempt: string): Promise<string> {
    await symlink(attempt, join(this.folder, "complete")).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "EEXIST") {
        throw error;
      }
    });
    await this.touch();
    return this.filesOf(await readlink(join(this.folder, "complete")));
  }

  private filesOf(attempt: string): string {
    return join(this.folder, attempt, "app");
  }
}
