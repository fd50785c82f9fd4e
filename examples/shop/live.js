import { WebSocketServer } from "ws";

/** Answers each message at /live with itself and sends a tick every second. */
export function acceptLive(server, about) {
  const live = new WebSocketServer({ server, path: "/live" });
  live.on("connection", (socket) => {
    let n = 0;
    const tick = () =>
      socket.send(JSON.stringify({ tick: n++, service: about.service, instance: about.instance }));
    const ticking = setInterval(tick, 1000);
    tick();
    socket.on("message", (data, isBinary) => socket.send(data, { binary: isBinary }));
    socket.on("close", () => clearInterval(ticking));
    socket.on("error", () => clearInterval(ticking));
  });
  return live;
}

/** Closes every open WebSocket the polite way: 1001 tells clients to come back to whoever serves next. */
export function goodbye(live) {
  for (const socket of live.clients) socket.close(1001, "going away, come back");
}
