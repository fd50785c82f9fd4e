import { WebSocket } from "ws";

/** Child process: `<url> <subscribers> <events>`; reports when all are subscribed and when all is there. */
const [url, subscribers, events] = process.argv.slice(2) as [string, string, string];
const query = `subscription { updates { cursor updateId service environment recipe reasons
  fromRevision toRevision fromSpec toSpec since } }`;

let left = Number(subscribers);
let ready = Number(subscribers);
for (let i = 0; i < Number(subscribers); i++) {
  subscribe();
}

function subscribe(): void {
  const socket = new WebSocket(url, "graphql-transport-ws", { perMessageDeflate: false });
  let received = 0;
  let bytes = 0;
  socket.on("open", () => socket.send('{"type":"connection_init","payload":{"token":"bench"}}'));
  socket.on("message", (data: Buffer) => {
    if (received === 0 && data.includes("connection_ack")) {
      socket.send(JSON.stringify({ id: "1", type: "subscribe", payload: { query } }));
      ready--;
      if (ready === 0) {
        process.send!({ ready: true });
      }
      return;
    }
    received++;
    bytes += data.length;
    if (received === Number(events)) {
      left--;
      if (left === 0) {
        process.send!({ done: true, bytes: bytes / received });
      }
    }
  });
}
