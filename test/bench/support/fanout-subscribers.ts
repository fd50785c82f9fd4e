import { WebSocket } from "ws";
import { operation } from "./fanout-rivals.js";

/** Child process: `<url> <subscribers> <events> <variants>`; reports when all have asked and when all is there. */
const [url, ...numbers] = process.argv.slice(2) as [string, ...string[]];
const [subscribers, events, variants] = numbers.map(Number) as [number, number, number];

let left = subscribers;
let ready = subscribers;
for (let i = 0; i < subscribers; i++) {
  subscribe(i % variants);
}

function subscribe(variant: number): void {
  const socket = new WebSocket(url, "graphql-transport-ws", { perMessageDeflate: false });
  let received = 0;
  let bytes = 0;
  socket.on("open", () => socket.send('{"type":"connection_init","payload":{"token":"bench"}}'));
  socket.on("message", (data: Buffer) => {
    if (received === 0 && data.includes("connection_ack")) {
      const payload = { query: operation(variant) };
      socket.send(JSON.stringify({ id: "1", type: "subscribe", payload }));
      ready--;
      if (ready === 0) {
        process.send!({ ready: true });
      }
      return;
    }
    received++;
    bytes += data.length;
    if (received === events) {
      left--;
      if (left === 0) {
        process.send!({ done: true, bytes: bytes / received });
      }
    }
  });
}
