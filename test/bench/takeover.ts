import { rm } from "node:fs/promises";
import { join } from "node:path";
import { startEmbeddedPostgres } from "../../src/storage/embedded-postgres.js";
import { Fleet } from "../support/engine/fleet.js";
import { eventually } from "../support/eventually.js";
import { deploy, rebuild } from "../support/operations.js";
import { silent } from "../support/silent.js";
import { makeTempFolder, runFolder } from "../support/temp-folder.js";
import { type Measurement, publish, summarise } from "./support/table.js";

const rounds = 5;

/** From the kill of the server that works on an operation until another one has it; compared with the lease alone. */
async function run(): Promise<void> {
  const rows: Measurement[] = [];
  try {
    for (const leaseSeconds of [2, 10]) {
      const times = await measure(leaseSeconds);
      rows.push({
        what: `killed until taken over, lease ${leaseSeconds} s`,
        unit: "ms",
        rebake: summarise(times),
        rival: summarise([leaseSeconds * 1_000]),
        aim: `under ${leaseSeconds + 2} s`,
      });
    }
  } finally {
    await rm(runFolder, { recursive: true, force: true, maxRetries: 10 });
  }
  await publish("takeover", "the lease", rows);
}

async function measure(leaseSeconds: number): Promise<number[]> {
  const folder = await makeTempFolder();
  const postgres = await startEmbeddedPostgres({ home: join(folder, "pg"), log: silent, unsafeFast: true });
  const fleet = await Fleet.open(postgres, { REBAKE_LEASE_SECONDS: `${leaseSeconds}` });
  try {
    const first = await fleet.start();
    await fleet.start();
    await first.mutate(
      'mutation { p: createEnvironment(input: { code: "PROD", driver: SWARM, swarm: { host: "unix:///engine" } }) { errors { message } } }',
    );
    const spec = { env: [{ name: "START_MS", kind: "STATIC", value: "300" }] };
    await first.mutate(
      'mutation ($spec: RecipeSpecInput!) { p: createRecipe(input: { name: "shop", spec: $spec }) { errors { message } } }',
      { spec },
    );
    const { service, operation } = await deploy(first, { environment: "PROD", recipe: "shop", name: "shop" });
    await fleet.ended(operation);
    const times: number[] = [];
    for (let round = 0; round < rounds; round++) {
      times.push(await killOnce(fleet, service));
    }
    return times;
  } finally {
    await fleet.close();
    await postgres.stop();
  }
}

async function killOnce(fleet: Fleet, service: string): Promise<number> {
  const id = await rebuild(fleet.servers[0]!, service);
  const working = await fleet.workingOn(id);
  await working.end("SIGKILL");
  const killed = performance.now();
  await eventually(async () => (await fleet.operation(id)).fence === "2", { deadline: 30_000 });
  const time = performance.now() - killed;
  await fleet.ended(id);
  await fleet.restart(working);
  return time;
}

await run();
