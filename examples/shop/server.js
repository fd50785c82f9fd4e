import { createServer } from "node:http";
import { Server } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { acceptLive, goodbye } from "./live.js";

const env = process.env;
const about = {
  service: env.SHOP_SERVICE ?? "shop",
  environment: env.SHOP_ENVIRONMENT ?? "none",
  commit: env.SHOP_COMMIT ?? null,
  instance: env.SHOP_INSTANCE ?? null,
  operation: env.SHOP_OPERATION ?? null,
  startedAt: new Date().toISOString(),
  greeting: env.SHOP_GREETING ?? "Hello",
};
const role = env.SHOP_ROLE ?? about.service;
const goods = {
  catalog: { items: ["kettle", "teapot", "cup"] },
  orders: { orders: [{ id: 1, item: "kettle", state: "packed" }] },
};
const longestSlow = 30_000;
/** For how long a kept connection may be used once more after SIGTERM, in milliseconds. */
const lastUse = 1_000;
let stopping = false;

const routes = {
  "/": () => ({ status: 200, body: { ...about, ...goods[role] } }),
  "/healthz": () => ({ status: stopping ? 503 : 200, body: { ok: !stopping } }),
  "/slow": async (url) => {
    const wanted = Number(url.searchParams.get("ms") ?? 1000);
    if (!(wanted >= 0 && wanted <= longestSlow)) {
      return { status: 400, body: { error: `ms must be 0 to ${longestSlow}` } };
    }
    await sleep(wanted);
    return { status: 200, body: { ...about, sleptMs: wanted } };
  },
};

const server = createServer(async (request, response) => {
  const url = new URL(request.url ?? "/", "http://shop");
  const route = Object.hasOwn(routes, url.pathname) ? routes[url.pathname] : null;
  const { status, body } = route ? await route(url) : { status: 404, body: { error: "not here" } };
  const json = JSON.stringify(body);
  response.writeHead(status, {
    "content-type": "application/json",
    "content-length": Buffer.byteLength(json),
    // A connection that outlives the process would be cut: say so while there is time.
    ...(stopping ? { connection: "close" } : {}),
  });
  response.end(json);
});
const live = acceptLive(server, about);

/**
 * No new connections; what is in flight is answered; WebSockets are told goodbye; then exit code 0. A kept connection is
 * closed with its next answer: who is just sending on it, as clients do that reach this process without a proxy, would be
 * cut off if it were closed at once, as `close` of an HTTP server does.
 */
function stop(signal) {
  if (stopping) return;
  stopping = true;
  console.log(`${signal}: finishing what is in flight`);
  Server.prototype.close.call(server, () => {
    console.log("all answered, bye");
    process.exit(0);
  });
  setTimeout(() => server.closeIdleConnections(), lastUse).unref();
  goodbye(live);
  setTimeout(() => process.exit(0), 5000).unref();
}
process.on("SIGTERM", stop);
process.on("SIGINT", stop);

server.listen(Number(env.PORT ?? 3000), () => {
  console.log(`${about.service} (${role}) listens on ${server.address().port}: ${about.greeting}`);
});
