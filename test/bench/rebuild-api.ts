/** A rebuild asked for through the API of a whole server against the same by hand, both warm. */

import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { ApiClient } from "../../demo/client.js";
import { answererOf } from "../../demo/get.js";
import { startServer } from "../../demo/server.js";
import { GitFixture } from "../drivers/git-fixture.js";
import { byHand, until200 } from "./support/by-hand.js";
import { withFolder } from "./support/shop.js";
import { publish, summarise } from "./support/table.js";

const rounds = 5;

/** In ms; the first round by hand fills npm's cache, as the first deploy does for Rebake. */
interface Times {
  rebake: number[];
  hand: number[];
}

async function deployed(api: ApiClient, name: string): Promise<{ id: string; url: string }> {
  for (const until = Date.now() + 120_000; Date.now() < until; await delay(100)) {
    const service = await api.service("DASHBOARD", name);
    if (service?.state === "RUNNING" && service.operation === null) {
      return { id: service.id, url: `http://${service.ports[0]!.address}/` };
    }
  }
  throw new Error(`${name} was not deployed in time`);
}

async function generationOf(url: string): Promise<string | undefined> {
  return answererOf(await (await fetch(url)).text())?.generation;
}

/** From the mutation to the first answer of the new one. */
async function rebuildOnce(api: ApiClient, service: { id: string; url: string }): Promise<number> {
  const old = await generationOf(service.url);
  const started = performance.now();
  const { operation, cursor } = await api.rebuild(service.id, randomUUID());
  await until200(service.url, (body) => answererOf(body)?.generation !== old);
  const took = performance.now() - started;
  for await (const { state, cause } of api.progress(operation.id, cursor)) {
    if (state === "SUCCEEDED") {
      return took;
    }
    if (cause) {
      throw new Error(`${state}: ${cause.message}`);
    }
  }
  throw new Error("the operation has no verdict");
}

async function measure(api: ApiClient, folder: string): Promise<Times> {
  const [service] = await Promise.all(["catalog", "orders"].map((name) => deployed(api, name)));
  const { recipe } = await api.recipe("dashboard-service");
  const rollout = { drain: 0, monitor: 0 };
  await api.bump({ recipe: "dashboard-service", expectedRevision: recipe.current.number, spec: { rollout } });
  const shop = join(folder, "home", "examples", "shop");
  const git = await GitFixture.create(shop);
  const times: Times = { rebake: [], hand: [] };
  await byHand(pathToFileURL(shop).href, join(folder, "warm-up"));
  for (let round = 0; round < rounds; round++) {
    await git.commit({ "round.txt": `${round}\n` });
    times.rebake.push(await rebuildOnce(api, service!));
    times.hand.push(await byHand(git.url, join(folder, `round-${round}`)));
  }
  return times;
}

const { rebake, hand } = await withFolder(async (folder) => {
  const signal = new AbortController().signal;
  const server = await startServer({ home: join(folder, "home"), port: null, verbose: null, signal });
  const api = new ApiClient(server.api, server.token);
  try {
    return await Promise.race([measure(api, folder), server.died]);
  } finally {
    await api.close();
    await server.stop();
  }
});
await publish("rebuild-api", "by hand", [
  {
    what: "new code through the API, two replicas",
    unit: "ms",
    rebake: summarise(rebake),
    rival: summarise(hand),
  },
]);
