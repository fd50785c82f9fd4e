/** A rebuild of the PROCESS driver against the same by hand: clone, `npm ci`, start, until the first 200. */
import { mkdir, symlink } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { answererOf } from "../../demo/get.js";
import type { Driver, ServiceRef, Target } from "../../src/operations/driver.js";
import { newRef, Recorder, targetOf } from "../drivers/bench.js";
import { GitFixture } from "../drivers/git-fixture.js";
import { byHand, until200 } from "./support/by-hand.js";
import { ShopRepository, shopSpec, withDriver, withFolder } from "./support/shop.js";
import { publish, summarise } from "./support/table.js";

const rounds = 5;
const realHome = homedir();

/** In ms, of one round. */
interface Pair {
  rebake: number;
  hand: number;
}

/** npm keeps its cache below HOME: a new one is cold. The user's npm settings still apply. */
async function freshHome(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  await symlink(join(realHome, ".npmrc"), join(folder, ".npmrc"));
  process.env.HOME = folder;
}

/** Something small runs already, of another repository: a rebuild replaces it, and nothing is warm. */
async function deployOld(driver: Driver, ref: ServiceRef, folder: string): Promise<Target> {
  const git = await GitFixture.create(folder);
  const server = `require("node:http").createServer((q, s) => s.end("old")).listen(process.env.PORT)`;
  const commit = await git.commit({ "server.js": server });
  const { spec } = driver.project(shopSpec(git.url));
  const target = targetOf(ref, spec, { commit });
  await replace(driver, null, target, new Recorder());
  return target;
}

async function replace(
  driver: Driver,
  old: Target | null,
  target: Target,
  recorder: Recorder,
): Promise<void> {
  const { verdict, cause } = await driver.replace(old, target, recorder);
  if (verdict !== "SUCCEEDED") {
    throw new Error(`${verdict}: ${cause?.message}\n${cause?.lastLines.join("\n")}`);
  }
}

/** Until requests to the service are answered by the new one. */
async function timeRebuild(driver: Driver, old: Target, target: Target): Promise<number> {
  const started = performance.now();
  let took = 0;
  let answered: Promise<void> = Promise.resolve();
  const recorder = new Recorder(async ({ step, state }) => {
    if (step === "CUT_OVER" && state === "RUNNING") {
      answered = untilNew(driver, target).then(() => {
        took = performance.now() - started;
      });
    }
  });
  await replace(driver, old, target, recorder);
  await answered;
  return took;
}

async function untilNew(driver: Driver, target: Target): Promise<void> {
  const { ports } = await driver.inspect(target.ref);
  const isNew = (body: string) => answererOf(body)?.generation === target.stamp.operationId;
  await until200(`http://${ports[0]!.address}/`, isNew);
}

/** A cold round, then a warm one: new code, the same dependencies, everything cached on both sides. */
async function round(index: number, folder: string): Promise<{ cold: Pair; warm: Pair }> {
  const repository = await ShopRepository.create(join(folder, "shop"));
  const handFirst = index % 2 === 1;
  const homes = { rebake: join(folder, "home-rebake"), hand: join(folder, "home-hand") };
  await freshHome(homes.hand);
  await freshHome(homes.rebake);
  return withDriver(join(folder, "rebake"), async (driver) => {
    const ref = newRef("catalog");
    let old = await deployOld(driver, ref, join(folder, "old"));
    const measure = async (name: string): Promise<Pair> => {
      const commit = await repository.commit();
      const pair: Pair = { rebake: 0, hand: 0 };
      const byRebake = async () => {
        process.env.HOME = homes.rebake;
        const target = targetOf(ref, driver.project(shopSpec(repository.url)).spec, { commit });
        pair.rebake = await timeRebuild(driver, old, target);
        old = target;
      };
      const inHand = async () => {
        process.env.HOME = homes.hand;
        pair.hand = await byHand(repository.url, join(folder, name));
      };
      for (const each of handFirst ? [inHand, byRebake] : [byRebake, inHand]) {
        await each();
      }
      return pair;
    };
    return { cold: await measure("cold"), warm: await measure("warm") };
  });
}

const pairs: { cold: Pair; warm: Pair }[] = [];
for (let index = 0; index < rounds; index++) {
  pairs.push(await withFolder((folder) => round(index, folder)));
}
const row = (what: string, pick: (pair: { cold: Pair; warm: Pair }) => Pair) => ({
  what,
  unit: "ms" as const,
  rebake: summarise(pairs.map((pair) => pick(pair).rebake)),
  rival: summarise(pairs.map((pair) => pick(pair).hand)),
  aim: "≤ 1.10 ×",
});
await publish("rebuild", "by hand", [
  row("first rebuild, nothing cached", ({ cold }) => cold),
  row("new code, dependencies cached", ({ warm }) => warm),
]);
