import { connect } from "node:net";
import { expect } from "chai";
import { WebSocket } from "ws";
import { eventually } from "../support/eventually.js";

export interface Message {
  id?: string;
  type: string;
  /** Whatever the server answers; tests look into it. */
  payload?: any;
}

/** A client that speaks the protocol by hand and keeps all it gets. */
export class SocketClient {
  readonly messages: Message[] = [];
  closed: { code: number; reason: string } | null = null;
  private constructor(readonly ws: WebSocket) {
    ws.on("message", (data) => this.messages.push(JSON.parse(String(data))));
    ws.on("close", (code, reason) => {
      this.closed = { code, reason: String(reason) };
    });
    ws.on("error", () => {});
  }

  /** Connected and, unless `token` is null, acknowledged. */
  static async open(
    url: string,
    options: { token?: string | null; protocol?: string; headers?: Record<string, string> } = {},
  ): Promise<SocketClient> {
    const { token = "alice", protocol = "graphql-transport-ws", headers = {} } = options;
    const client = new SocketClient(new WebSocket(url, protocol, { headers }));
    await eventually(() => client.ws.readyState !== WebSocket.CONNECTING);
    if (token !== null) {
      client.send({ type: "connection_init", payload: { Authorization: `Bearer ${token}` } });
      await client.next((message) => message.type === "connection_ack");
    }
    return client;
  }

  send(message: object | string): void {
    this.ws.send(typeof message === "string" ? message : JSON.stringify(message));
  }

  subscribe(id: string, query: string, variables: Record<string, unknown> = {}): void {
    this.send({ id, type: "subscribe", payload: { query, variables } });
  }

  complete(id: string): void {
    this.send({ id, type: "complete" });
  }

  of(id: string): Message[] {
    return this.messages.filter((message) => message.id === id);
  }

  next(wanted: (message: Message) => boolean): Promise<Message> {
    return eventually(() => this.messages.find(wanted));
  }

  /** Types of all messages about an id, once the last is as said. */
  async typesUntil(id: string, last: string): Promise<string[]> {
    await eventually(() => this.of(id).at(-1)?.type === last, { what: `${last} of ${id}` });
    return this.of(id).map((message) => message.type);
  }

  async closeCode(): Promise<number> {
    return (await eventually(() => this.closed)).code;
  }

  stop(): void {
    this.ws.terminate();
  }
}

/** The code of the first frame, by hand: clients refuse the handshake before they see it. */
export async function closeCodeOf(port: number, protocol: string): Promise<number> {
  const socket = connect(port, "127.0.0.1");
  socket.write(
    "GET /graphql HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
      "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" +
      `Sec-WebSocket-Protocol: ${protocol}\r\n\r\n`,
  );
  let received = Buffer.alloc(0);
  socket.on("data", (data) => {
    received = Buffer.concat([received, data]);
  });
  const frame = () => received.subarray(received.indexOf("\r\n\r\n") + 4);
  await eventually(() => received.includes("\r\n\r\n") && frame().length >= 4);
  socket.destroy();
  expect(frame()[0]).to.equal(0x88);
  return frame().readUInt16BE(2);
}
