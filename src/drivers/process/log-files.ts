import { EventEmitter } from "node:events";
import { appendFile, mkdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { ServiceLogLine } from "../../operations/driver.js";
import { lastLinesOf } from "./last-lines.js";

/** Size in bytes at which a file is put aside, and how many such files are kept besides the current one. */
const rotateAt = 5 * 1024 * 1024;
const keep = 2;
/** Characters waiting to be written above which the apps' output is held. */
const behind = 1_048_576;
/** Lines a follower may be behind; older ones are dropped. */
const followerLimit = 10_000;

/**
 * What the instances of one service print, in files of bounded size. All access to the files goes through
 * one queue, so that a follower sees each line once: after what it read, and only what was written then.
 */
export class LogFiles {
  private pending: ServiceLogLine[] = [];
  private pendingSize = 0;
  private queue: Promise<unknown> = Promise.resolve();
  private scheduled = false;
  private size: number | null = null;
  private closed = false;
  private readonly written = new EventEmitter<{ lines: [ServiceLogLine[]]; drained: []; closed: [] }>();

  constructor(private readonly folder: string) {
    this.written.setMaxListeners(0);
  }

  append(line: ServiceLogLine): void {
    if (this.closed) {
      return;
    }
    this.pending.push(line);
    this.pendingSize += line.line.length + 40;
    if (!this.scheduled) {
      this.scheduled = true;
      this.enqueue(() => this.flush());
    }
  }

  /** Whether writers should pause until `drained`. */
  get isBehind(): boolean {
    return this.pendingSize > behind;
  }

  drained(): Promise<void> {
    return new Promise((resolve) => this.written.once("drained", resolve));
  }

  /** The last `tail` lines, then, when asked, what follows until the signal aborts or the service goes. */
  async *read(tail: number, follow: boolean, signal: AbortSignal): AsyncGenerator<ServiceLogLine> {
    const live: ServiceLogLine[] = [];
    let wake = () => {};
    const take = (lines: ServiceLogLine[]) => {
      live.push(...lines);
      live.splice(0, live.length - followerLimit);
      wake();
    };
    const stop = () => wake();
    const past = await this.enqueue(async () => {
      await this.flush();
      const lines = await this.lastLines(tail);
      if (follow) {
        this.written.on("lines", take);
      }
      return lines;
    });
    this.written.once("closed", stop);
    signal.addEventListener("abort", stop);
    try {
      yield* past;
      while (follow && !signal.aborted) {
        yield* live.splice(0);
        if (this.closed) {
          return;
        }
        await new Promise<void>((resolve) => {
          wake = resolve;
          if (live.length > 0 || signal.aborted || this.closed) {
            resolve();
          }
        });
      }
    } finally {
      this.written.off("lines", take).off("closed", stop);
      signal.removeEventListener("abort", stop);
    }
  }

  /** Writes what is pending; followers end. */
  async close(): Promise<void> {
    await this.enqueue(() => this.flush());
    this.closed = true;
    this.written.emit("closed");
  }

  private enqueue<T>(work: () => Promise<T>): Promise<T> {
    const done = this.queue.then(work);
    this.queue = done.catch(() => undefined);
    return done;
  }

  private async flush(): Promise<void> {
    this.scheduled = false;
    const lines = this.pending;
    const size = this.pendingSize;
    this.pending = [];
    if (lines.length === 0) {
      return;
    }
    try {
      await this.write(lines.map(format).join(""));
    } catch {
      // A full disk must not end the apps; the lines are lost to the file, not to followers.
    }
    this.pendingSize -= size;
    this.written.emit("lines", lines);
    this.written.emit("drained");
  }

  private async write(text: string): Promise<void> {
    await mkdir(this.folder, { recursive: true });
    this.size ??= await stat(this.file(0)).then(
      (found) => found.size,
      () => 0,
    );
    if (this.size >= rotateAt) {
      await rm(this.file(keep), { force: true });
      for (let age = keep - 1; age >= 0; age--) {
        await rename(this.file(age), this.file(age + 1)).catch(() => undefined);
      }
      this.size = 0;
    }
    await appendFile(this.file(0), text, { mode: 0o600 });
    this.size += Buffer.byteLength(text);
  }

  private async lastLines(tail: number): Promise<ServiceLogLine[]> {
    let found: ServiceLogLine[] = [];
    for (let age = 0; age <= keep && found.length < tail; age++) {
      const lines = await lastLinesOf(this.file(age), tail - found.length);
      found = [...lines.flatMap(parse), ...found];
    }
    return tail > 0 ? found.slice(-tail) : [];
  }

  private file(age: number): string {
    return join(this.folder, age === 0 ? "current.log" : `current.log.${age}`);
  }
}

function format({ at, instance, stream, line }: ServiceLogLine): string {
  return `${at.toISOString()} ${instance} ${stream} ${line}\n`;
}

function parse(text: string): ServiceLogLine[] {
  const match = /^(\S+) (\d+) (stdout|stderr) (.*)$/s.exec(text);
  if (!match) {
    return [];
  }
  const [, at, instance, stream, line] = match;
  return [
    { at: new Date(at!), instance: Number(instance), stream: stream as "stdout" | "stderr", line: line! },
  ];
}
