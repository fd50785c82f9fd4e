/**
 * Subscribers in a process of their own, as raw sockets that read as little as they can: asks for the operation
 * given, tells when all are subscribed, and then when each has all events.
 */
import { WebSocket } from "ws";

const [url, token, query, count, expected] = process.argv.slice(2) as [
  string,
  string,
  string,
  string,
  string,
];
const ready: Promise<void>[] = [];
const complete: Promise<number>[] = [];
let bytes = 0;

for (let n = 0; n < Number(count); n++) {
  const socket = new WebSocket(url, "graphql-transport-ws");
  const send = (message: object) => socket.send(JSON.stringify(message));
  let events = 0;
  socket.once("open", () => send({ type: "connection_init", payload: { authorization: `Bearer ${token}` } }));
  ready.push(
    new Promise((resolve) =>
      socket.once("message", () => {
        send({ id: "1", type: "subscribe", payload: { query } });
        // Answered after the subscribe before it: then the subscription is there.
        send({ type: "ping" });
        resolve();
      }),
    ),
  );
  complete.push(
    new Promise((resolve) =>
      socket.on("message", (data: Buffer) => {
        if (data.includes('"type":"next"')) {
          events += 1;
          bytes += data.length;
        } else if (data.includes('"type":"ping"')) {
          send({ type: "pong" });
        }
        if (events === Number(expected)) {
          resolve(Date.now());
        }
      }),
    ),
  );
}

await Promise.all(ready);
process.send!({ ready: true });
const finished = await Promise.all(complete);
process.send!({ finished, bytes });
