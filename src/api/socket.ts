import type { Socket } from "node:net";
import type { WebSocket } from "ws";

export interface SocketBounds {
  /** Bytes in the buffer from which on nothing more is read from the peer and senders wait. */
  highWater: number;
  /** Bytes in the buffer at which senders go on. */
  lowWater: number;
}

/**
 * One peer's WebSocket: puts all frames of one tick into one write, and tells who sends when the peer has
 * taken them.
 */
export class CorkedSocket {
  private corked = false;
  private readonly waiting: (() => void)[] = [];
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
    return this.ws.bufferedAmount;
  }

  /** Sends messages, in one write with all others of this tick. */
  write(texts: readonly string[]): void {
    if (!this.open || texts.length === 0) {
      return;
    }
    if (this.bufferedBytes() === 0) {
      this.progressAt = Date.now();
    }
    this.cork();
    const last = texts.length - 1;
    for (let i = 0; i < last; i++) {
      this.ws.send(texts[i]!);
    }
    this.ws.send(texts[last]!, this.taken);
  }

  /** As `write`, and settles when there is room for more: for whoever sends without end. */
  async send(text: string): Promise<void> {
    this.write([text]);
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

  /** Milliseconds for which the peer has taken nothing although there was something to take. */
  stalledFor(now: number): number {
    return this.bufferedBytes() === 0 ? 0 : now - this.progressAt;
  }

  close(code: number, reason: string): void {
    this.ws.close(code, reason);
    this.release();
  }

  private cork(): void {
    if (!this.corked) {
      this.corked = true;
      this.raw.cork();
      process.nextTick(() => {
        this.corked = false;
        this.raw.uncork();
      });
    }
  }

  /** The kernel took a write. An error also comes here, and is followed by `close`. */
  private readonly taken = (): void => {
    this.progressAt = Date.now();
    if (this.waiting.length > 0 && this.bufferedBytes() <= this.bounds.lowWater) {
      this.release();
    }
  };

  private readonly release = (): void => {
    for (const resolve of this.waiting.splice(0)) {
      resolve();
    }
  };
}
