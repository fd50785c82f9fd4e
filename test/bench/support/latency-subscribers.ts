import { WebSocket } from "ws";

/**
 * Child process: `<url> <token> <subscribers> <query> [paused]`. Reports when all have asked; on the message `report`
 * tells for each cursor when its event came to each subscriber, in ms since 1970. With `paused` nothing is read.
 */
const [url, token, subscribers, query, paused] = process.argv.slice(2) as [
  string,
  string,
  string,
  string,
  string?,
];
const now = () => performance.timeOrigin + performance.now();
const received = new Map<string, number[]>();
let left = Number(subscribers);

for (let i = 0; i < Number(subscribers); i++) {
  const socket = new WebSocket(url, "graphql-transport-ws", { perMessageDeflate: false });
  socket.on("open", () => socket.send(JSON.stringify({ type: "connection_init", payload: { token } })));
  socket.once("message", () => {
    socket.send(JSON.stringify({ id: "1", type: "subscribe", payload: { query } }));
    socket.on("message", receive);
    if (paused) {
      socket.pause();
      process.once("SIGUSR2", () => socket.resume());
    }
    left--;
    if (left === 0) {
      process.send!({ ready: true });
    }
  });
  socket.on("close", (code, reason) => process.send!({ closed: code, reason: String(reason) }));
  // It is told by `close`.
  socket.on("error", () => {});
}

function receive(data: Buffer): void {
  const cursor = /"c(?:ursor|0)":"(\d+)"/.exec(data.toString("latin1", 0, 200))?.[1];
  if (cursor !== undefined) {
    const times = received.get(cursor);
    times ? times.push(now()) : received.set(cursor, [now()]);
  }
}

process.on("message", () => process.send!({ received: [...received] }));
