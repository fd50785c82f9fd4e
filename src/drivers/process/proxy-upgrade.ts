import { request as httpRequest, type IncomingMessage, STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import { addressOf, errorBody, forwarded, type Pick } from "./proxy.js";

/** How long a client may keep its side open once the app has closed, in milliseconds. */
const closeWithin = 5000;

/**
 * Passes on a request that wants to become a connection of its own (a WebSocket). From the moment both
 * sides agree their bytes are passed as they are, until one of the two ends it: never the proxy.
 */
export function proxyUpgrade(request: IncomingMessage, client: Duplex, head: Buffer, pick: Pick): void {
  client.on("error", () => client.destroy());
  const picked = pick(new Set());
  if (!picked) {
    refuse(client, 503, errorBody("NOT_READY", "No instance of this service is ready; try again shortly."));
    return;
  }
  const { upstream } = picked;
  const headers = { ...forwarded(request), connection: "Upgrade", upgrade: request.headers.upgrade };
  const outgoing = httpRequest({
    ...addressOf(picked),
    agent: false,
    method: request.method,
    path: request.url,
    headers,
    setHost: false,
  });
  upstream.inFlight += 1;
  let counted = true;
  const settle = () => {
    upstream.inFlight -= counted ? 1 : 0;
    counted = false;
  };
  outgoing.on("upgrade", (answer, server, first) => {
    outgoing.off("close", settle);
    server.on("close", settle);
    client.write(headOf(answer));
    client.write(first);
    server.write(head);
    join(client, server);
  });
  outgoing.on("response", (answer) => {
    client.write(headOf(answer, "close"));
    answer.pipe(client);
  });
  outgoing.on("error", () => {
    refuse(client, 502, errorBody("UPSTREAM_FAILED", "The service closed the connection without an answer."));
  });
  outgoing.on("close", settle);
  client.on("close", () => outgoing.destroy());
  outgoing.end();
}

function join(client: Duplex, server: Duplex): void {
  for (const socket of [client, server] as (Duplex & {
    setNoDelay?(on: boolean): void;
    setTimeout?(ms: number): void;
  })[]) {
    socket.setTimeout?.(0);
    socket.setNoDelay?.(true);
  }
  server.on("error", () => client.destroy());
  client.on("close", () => server.destroy());
  // What the app sent last must still arrive: end, and let the client close.
  server.on("close", () => {
    client.end();
    setTimeout(() => client.destroy(), closeWithin).unref();
  });
  client.pipe(server);
  server.pipe(client);
}

/** The head of an answer as it came; for one that is no upgrade the connection ends with it. */
function headOf(answer: IncomingMessage, connection?: string): string {
  const lines = [`HTTP/1.1 ${answer.statusCode} ${answer.statusMessage}`];
  for (let i = 0; i < answer.rawHeaders.length; i += 2) {
    const name = answer.rawHeaders[i]!.toLowerCase();
    if (connection === undefined || !["connection", "keep-alive", "transfer-encoding"].includes(name)) {
      lines.push(`${answer.rawHeaders[i]}: ${answer.rawHeaders[i + 1]}`);
    }
  }
  if (connection !== undefined) {
    lines.push(`Connection: ${connection}`);
  }
  return `${lines.join("\r\n")}\r\n\r\n`;
}

function refuse(client: Duplex, status: number, body: string): void {
  if (client.destroyed) {
    return;
  }
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    "Content-Type: application/json",
    `Content-Length: ${Buffer.byteLength(body)}`,
    "Connection: close",
  ];
  client.end(`${head.join("\r\n")}\r\n\r\n${body}`);
}
