import { randomBytes } from "node:crypto";
import { mkdir, readdir, rename, rm, rmdir, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

/** A holder shows each second that it lives; others look five times as often. In milliseconds. */
const beat = 1000;
const poll = 200;
/** After so long without a sign its lock is taken over, once it was watched for a few beats. */
const staleAfter = 10_000;
const watchedFor = 3000;

/**
 * Runs `work` while nobody else does so under the same lock, in whatever container. `lock` is a folder with one file:
 * its name says who holds it, its time when they were last alive. Who it is can only change by renaming that very file,
 * so of all who find a holder dead one succeeds.
 *
 * A holder that was frozen can find its lock taken over. Its work is then aborted, and done again after the other's;
 * until it notices both work, so they must not write to the same place.
 */
export async function withLock<T>(
  lock: string,
  { signal, onWait }: { signal: AbortSignal; onWait?: () => void },
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const token = randomBytes(8).toString("hex");
  for (;;) {
    await take(lock, token, signal, onWait);
    const holding = new Holding(join(lock, token), signal);
    try {
      return await work(holding.signal);
    } catch (error) {
      signal.throwIfAborted();
      if (!holding.lost) {
        throw error;
      }
    } finally {
      holding.end();
      await giveBack(lock, token);
    }
  }
}

/** Runs `work` if the lock is free, else does without. */
export async function ifFree(lock: string, work: () => Promise<unknown>): Promise<void> {
  const token = randomBytes(8).toString("hex");
  if (await takeFree(lock, token)) {
    try {
      await work();
    } finally {
      await giveBack(lock, token);
    }
  }
}

async function take(lock: string, token: string, signal: AbortSignal, onWait?: () => void): Promise<void> {
  const seen = new Watch();
  // Whoever loses the race for a free lock has not waited yet.
  let told = false;
  for (;;) {
    signal.throwIfAborted();
    const holder = await holderOf(lock);
    if (holder === null) {
      if (await takeFree(lock, token)) {
        return;
      }
      continue;
    }
    if (seen.isDead(holder) && (await takeOver(lock, holder.token, token))) {
      return;
    }
    if (!told) {
      told = true;
      onWait?.();
    }
    await delay(poll, null, { signal }).catch(() => undefined);
  }
}

interface Holder {
  token: string;
  mark: number;
}

/**
 * Counts looks instead of time: whoever was frozen itself has seen nothing meanwhile. Clocks may be wrong, so a holder
 * that was looked at for long enough is dead whatever its mark says.
 */
class Watch {
  private last: Holder | null = null;
  private looks = 0;

  isDead(holder: Holder): boolean {
    const same = this.last?.token === holder.token && this.last.mark === holder.mark;
    this.looks = same ? this.looks + 1 : 0;
    this.last = holder;
    const watched = this.looks * poll;
    return watched >= staleAfter || (watched >= watchedFor && Date.now() - holder.mark >= staleAfter);
  }
}

async function holderOf(lock: string): Promise<Holder | null> {
  const [token] = await readdir(lock).catch(() => []);
  const found = token === undefined ? null : await stat(join(lock, token)).catch(() => null);
  return found && { token: token!, mark: found.mtimeMs };
}

/** A folder can be put in the place of one that is not there or empty, never of one that has a holder. */
async function takeFree(lock: string, token: string): Promise<boolean> {
  const mine = `${lock}.${token}`;
  await mkdir(mine, { recursive: true });
  try {
    await writeFile(join(mine, token), "");
    await rename(mine, lock);
    return true;
  } catch (error) {
    await rm(mine, { recursive: true, force: true });
    return orFalse(error, ["ENOTEMPTY", "EEXIST", "ENOENT"]);
  }
}

async function takeOver(lock: string, dead: string, token: string): Promise<boolean> {
  try {
    await rename(join(lock, dead), join(lock, token));
    const now = new Date();
    await utimes(join(lock, token), now, now);
    return true;
  } catch (error) {
    return orFalse(error, ["ENOENT"]);
  }
}

function orFalse(error: unknown, codes: string[]): false {
  if (codes.includes((error as NodeJS.ErrnoException).code ?? "")) {
    return false;
  }
  throw error;
}

async function giveBack(lock: string, token: string): Promise<void> {
  await rm(join(lock, token), { force: true }).catch(() => undefined);
  await rmdir(lock).catch(() => undefined);
}

/** Keeps a lock alive; aborts when it is lost or the outer signal says so. */
class Holding {
  lost = false;
  private readonly control = new AbortController();
  private readonly timer: NodeJS.Timeout;
  private readonly pass = () => this.control.abort(this.outer.reason);

  constructor(
    private readonly file: string,
    private readonly outer: AbortSignal,
  ) {
    this.timer = setInterval(() => void this.beat(), beat);
    outer.addEventListener("abort", this.pass);
    if (outer.aborted) {
      this.pass();
    }
  }

  get signal(): AbortSignal {
    return this.control.signal;
  }

  end(): void {
    clearInterval(this.timer);
    this.outer.removeEventListener("abort", this.pass);
  }

  private async beat(): Promise<void> {
    const now = new Date();
    await utimes(this.file, now, now).catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") {
        this.lost = true;
        this.control.abort(new Error("the lock was taken over"));
      }
    });
  }
}
