/** Requests through the proxy of the PROCESS driver against the same app without it. */
import { join } from "node:path";
import { newRef, Recorder, targetOf } from "../drivers/bench.js";
import { type HttpLoadResult, runHttpLoad } from "./support/run-http-load.js";
import { ShopRepository, shopSpec, withDriver, withFolder } from "./support/shop.js";
import { publish, summarise } from "./support/table.js";

const rounds = 5;
const connections = 32;
/** Far from what either can do: what is measured is the way, not the queue. */
const calm = 300;

/** One round of both kinds of load on one address. */
interface Round {
  full: HttpLoadResult;
  calm: HttpLoadResult;
}

async function measure(address: string): Promise<Round> {
  const { hostname, port } = new URL(`http://${address}`);
  const load = { host: hostname, port: Number(port), path: "/", connections, warmUpSeconds: 0.5 };
  return {
    full: await runHttpLoad({ ...load, perSecond: null, seconds: 2 }),
    calm: await runHttpLoad({ ...load, perSecond: calm, seconds: 3 }),
  };
}

/** Takes turns, so that a busy moment of the machine hits both. */
async function alternate(through: string, alone: string): Promise<{ through: Round[]; alone: Round[] }> {
  const result: { through: Round[]; alone: Round[] } = { through: [], alone: [] };
  for (let round = 0; round < rounds; round++) {
    result.through.push(await measure(through));
    result.alone.push(await measure(alone));
  }
  return result;
}

await withFolder((folder) =>
  withDriver(join(folder, "home"), async (driver) => {
    const repository = await ShopRepository.create(join(folder, "shop"));
    const facts = { commit: await repository.commit() };
    const ref = newRef("catalog");
    const target = targetOf(ref, driver.project(shopSpec(repository.url)).spec, facts);
    const { verdict, cause } = await driver.replace(null, target, new Recorder());
    if (verdict !== "SUCCEEDED") {
      throw new Error(`The shop was not deployed: ${verdict} ${cause?.message}`);
    }
    const { ports, tasks } = await driver.inspect(ref);
    const { through, alone } = await alternate(ports[0]!.address, tasks[0]!.address!);
    const row = (what: string, unit: "ms" | "requests/s", pick: (round: Round) => number) => ({
      what,
      unit,
      rebake: summarise(through.map(pick)),
      rival: summarise(alone.map(pick)),
    });
    const measurements = [
      row(`throughput, ${connections} connections`, "requests/s", (round) => round.full.perSecond),
      row("latency p50 at full load", "ms", (round) => round.full.p50),
      row("latency p99 at full load", "ms", (round) => round.full.p99),
      row(`latency p50 at ${calm} requests/s`, "ms", (round) => round.calm.p50),
      row(`latency p99 at ${calm} requests/s`, "ms", (round) => round.calm.p99),
    ];
    await publish("proxy", "the app alone", measurements);
  }),
);
