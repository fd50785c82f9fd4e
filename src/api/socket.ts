import type { Socket } from "node:net";
import type { WebSocket } from "ws";
import { textFrame } from "./frames.js";

export interface SocketBounds {
  /** Bytes in the buffer from which on nothing more is read from the peer and senders wait. */
  highWater: number;
  /** Bytes in the buffer at which senders go on. */
  lowWater: number;
}

/** Sockets that have something to write at the end of this tick: one task for all of them. */
let dirty: CorkedSocket[] = [];

function flushDirty(): void {
  const sockets = dirty;
  dirty = [];
  for (const socket of sockets) {
    try {
      socket.flush();
    } catch {
      // What is lost is this peer's: it comes back after its cursor, and the others of this tick get theirs.
      socket.ws.terminate();
    }
  }
}

/**
 * One peer's WebSocket: puts all frames of one tick into one write, and tells who sends when the peer has
 * taken them. It writes frames of its own next to those of `ws`, which it can since messages are not compressed.
 */
export class CorkedSocket {
  private pending: Buffer[] = [];
  private pendingBytes = 0;
  private readonly waiting: (() => void)[] = [];
  /** Bytes that the system had taken when somebody last looked, and since when it has taken no more. */
  private taken = 0;
  private progressAt = 0;

  constructor(
    readonly ws: WebSocket,
    private readonly raw: Socket,
    private readonly bounds: SocketBounds,
  ) {
    ws.on("close", this.release);
  }

  get open(): boolean {
    return this.ws.readyState === this.ws.OPEN;
  }

  bufferedBytes(): number {
    return this.raw.writableLength + this.pendingBytes;
  }

  /** Sends whole frames, in one write with all others of this tick. */
  write(frames: Buffer): void {
    if (!this.open || frames.length === 0) {
      return;
    }
    if (this.pending.length === 0) {
      if (dirty.length === 0) {
        process.nextTick(flushDirty);
      }
      dirty.push(this);
    }
    this.pending.push(frames);
    this.pendingBytes += frames.length;
  }

  /** Hands what waits for the end of the tick to the system now. */
  flush(): void {
    const { pending } = this;
    if (pending.length === 0) {
      return;
    }
    this.pending = [];
    this.pendingBytes = 0;
    if (!this.open) {
      return;
    }
    const frames = pending.length === 1 ? pending[0]! : Buffer.concat(pending);
    // Being told of each write costs as much as the write: only of those that somebody may come to wait for.
    if (this.raw.writableLength + frames.length > this.bounds.lowWater) {
      this.raw.write(frames, this.written);
    } else {
      this.raw.write(frames);
    }
  }

  /** As `write`, and settles when there is room for more: for whoever sends without end. */
  async send(text: string): Promise<void> {
    this.write(textFrame(text));
    if (this.bufferedBytes() > this.bounds.highWater) {
      // A peer that asks without taking the answers is not listened to meanwhile.
      this.ws.pause();
      await this.drained();
      this.ws.resume();
    }
  }

  /** Settles when nearly nothing is buffered, or the socket has closed. */
  drained(): Promise<void> {
    if (!this.open || this.bufferedBytes() <= this.bounds.lowWater) {
      return Promise.resolve();
    }
    return new Promise((resolve) => this.waiting.push(resolve));
  }

  /** Milliseconds for which the peer has taken nothing although there was something to take, as far as was looked. */
  stalledFor(now: number): number {
    const taken = this.raw.bytesWritten - this.raw.writableLength;
    if (taken !== this.taken || this.raw.writableLength === 0) {
      this.taken = taken;
      this.progressAt = now;
    }
    return now - this.progressAt;
  }

  close(code: number, reason: string): void {
    this.flush();
    this.ws.close(code, reason);
    this.release();
  }

  /** The system took a write. An error also comes here, and is followed by `close`. */
  private readonly written = (): void => {
    if (this.bufferedBytes() <= this.bounds.lowWater) {
      this.release();
    }
  };

  private readonly release = (): void => {
    for (const resolve of this.waiting.splice(0)) {
      resolve();
    }
  };
}
