import { connect, type Socket } from "node:net";

/** What a POST sends. */
export interface Post {
  headers: Record<string, string>;
  body: string;
}

const headEnd = Buffer.from("\r\n\r\n");

/**
 * A keep-alive HTTP connection that does as little as it can: the load must cost less than what it measures.
 * Answers need a Content-Length. One request at a time.
 */
export class Connection {
  private received: Buffer = Buffer.alloc(0);
  private settle: { resolve(status: number): void; reject(error: Error): void } | null = null;
  private failure: Error | null = null;

  private constructor(
    private readonly socket: Socket,
    private readonly request: Buffer,
  ) {
    socket.setNoDelay(true);
    socket.on("data", (chunk) => this.read(chunk));
    socket.on("error", (error) => this.fail(error));
    socket.on("close", () => this.fail(new Error("the connection was closed")));
  }

  /** @param post what to send; null for a GET */
  static open(host: string, port: number, path: string, post: Post | null): Promise<Connection> {
    const request = post ? postOf(host, port, path, post) : getOf(host, port, path);
    return new Promise((resolve, reject) => {
      const socket = connect({ host, port }, () => resolve(new Connection(socket, request)));
      socket.once("error", reject);
    });
  }

  /** Sends the request and resolves with the status when the whole answer is there. */
  send(): Promise<number> {
    return new Promise((resolve, reject) => {
      if (this.failure) {
        reject(this.failure);
        return;
      }
      this.settle = { resolve, reject };
      this.socket.write(this.request);
    });
  }

  close(): void {
    this.socket.destroy();
  }

  private read(chunk: Buffer): void {
    this.received = this.received.length === 0 ? chunk : Buffer.concat([this.received, chunk]);
    const end = this.received.indexOf(headEnd);
    if (end === -1) {
      return;
    }
    const head = this.received.toString("latin1", 0, end);
    const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
    if (length === undefined) {
      this.fail(new Error(`an answer without Content-Length: ${head}`));
    } else if (this.received.length >= end + headEnd.length + Number(length)) {
      this.received = Buffer.alloc(0);
      this.settle?.resolve(Number(head.slice(9, 12)));
      this.settle = null;
    }
  }

  private fail(error: Error): void {
    this.failure ??= error;
    this.settle?.reject(error);
    this.settle = null;
  }
}

function getOf(host: string, port: number, path: string): Buffer {
  return Buffer.from(`GET ${path} HTTP/1.1\r\nHost: ${host}:${port}\r\n\r\n`);
}

function postOf(host: string, port: number, path: string, { headers, body }: Post): Buffer {
  const all = { Host: `${host}:${port}`, ...headers, "Content-Length": Buffer.byteLength(body) };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.from(`POST ${path} HTTP/1.1\r\n${lines.join("")}\r\n${body}`);
}
