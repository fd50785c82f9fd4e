import { setTimeout as delay } from "node:timers/promises";
import { ApiClient } from "./client.js";
import { type Load, startLoad } from "./load.js";
import type { EnvVarView, RecipeView, UpdateView } from "./operations.js";
import type { DemoOptions } from "./options.js";
import { meet, rebuild, type Subject } from "./rebuild.js";
import { judge, type Witness } from "./receipt.js";
import { receiptLines, type Screen, updateLines } from "./screen.js";
import { type DemoServer, startServer } from "./server.js";

const environment = "DASHBOARD";
const recipeName = "dashboard-service";
const names = ["catalog", "orders"];
/** Above 200, so that a busy moment does not take it below. */
const requestsPerSecond = 220;
const deployedWithinMs = 180_000;
const eventsWithinMs = 15_000;
/** The load goes on so long before and after. */
const marginMs = 1000;

export interface DemoSurroundings {
  home: string;
  screen: Screen;
  options: DemoOptions;
  /** Aborted by Ctrl-C. */
  signal: AbortSignal;
}

/** The whole demo; resolves with whether everything it promises was seen. Leaves nothing running. */
export async function runDemo(around: DemoSurroundings): Promise<boolean> {
  const { screen, options, home, signal } = around;
  screen.title(options.stopFirst ? "Rebake demo, control: failures expected" : "Rebake demo");
  screen.say("Starting a server with an empty home…");
  const verbose = options.verbose ? (line: string) => screen.say(screen.paint("dim", line)) : null;
  const server = await startServer({ home, port: options.port, verbose, signal });
  const api = new ApiClient(server.api, server.token);
  try {
    return await Promise.race([story(api, server, around), server.died, aborted(signal)]);
  } finally {
    await api.close();
    await server.stop();
  }
}

async function story(api: ApiClient, server: DemoServer, around: DemoSurroundings): Promise<boolean> {
  const { screen, options } = around;
  screen.say(`It listens at ${server.api} and deploys ${names.join(" and ")}…`);
  const subjects = await Promise.all(names.map((name) => untilDeployed(api, name, around.signal)));
  screen.say(...subjects.map(({ name, url }) => `  ${name} runs at ${url}`));

  const load = startLoad({ services: subjects, requestsPerSecond });
  screen.say(`Load: ${requestsPerSecond} requests a second, half of them on new connections, no retries.`);
  const refreshing = setInterval(() => screen.refresh(), 200);
  try {
    await delay(marginMs);
    const drainMs = await bump(api, options.stopFirst, screen);
    screen.title("Rebuilding both");
    const witnesses = await Promise.all(subjects.map((each) => rebuild(api, each, drainMs, screen)));
    await delay(marginMs);
    return await receipt(load, witnesses, around);
  } finally {
    clearInterval(refreshing);
    await load.stop();
    for (const { live, slow } of subjects) {
      live.end();
      void slow.stop();
    }
  }
}

async function untilDeployed(api: ApiClient, name: string, signal: AbortSignal): Promise<Subject> {
  for (const until = Date.now() + deployedWithinMs; Date.now() < until; ) {
    const service = await api.service(environment, name);
    const address = service?.ports[0]?.address;
    if (service && address && service.state === "RUNNING" && service.operation === null) {
      return meet({ id: service.id, name, url: `http://${address}` });
    }
    await delay(100, undefined, { signal });
  }
  throw new Error(`${name} was not deployed within ${deployedWithinMs / 1000} s; --verbose shows why.`);
}

/** Changes the recipe and shows who is affected as the events arrive; returns the drain in ms. */
async function bump(api: ApiClient, stopFirst: boolean, screen: Screen): Promise<number> {
  const { recipe, cursor } = await api.recipe(recipeName);
  const affected = nextUpdates(api, cursor);
  const started = performance.now();
  const { revision } = await api.bump({
    recipe: recipeName,
    expectedRevision: recipe.current.number,
    message: "A warmer welcome",
    spec: changed(recipe, stopFirst),
  });
  screen.title(`Bumped ${recipeName} from revision ${recipe.current.number} to ${revision?.number}`);
  const updates = await affected;
  const ms = performance.now() - started;
  screen.say(`updateAvailable told of ${updates.length} services after ${ms.toFixed(0)} ms:`);
  screen.say(...updateLines(updates, screen.paint));
  return recipe.current.spec.rollout.drain * 1000;
}

/** A bump replaces the list of variables as a whole. */
function changed({ current }: RecipeView, stopFirst: boolean): Record<string, unknown> {
  const greeting: Partial<EnvVarView> = { value: "Welcome back, fresh from the oven" };
  const env = current.spec.env.map((variable) =>
    variable.name === "SHOP_GREETING" ? { ...variable, ...greeting } : variable,
  );
  const season = { name: "SHOP_SEASON", kind: "STATIC", value: "spring" };
  const spec = { env: [...env, season] };
  return stopFirst ? { ...spec, rollout: { order: "STOP_FIRST" } } : spec;
}

async function nextUpdates(api: ApiClient, after: string): Promise<UpdateView[]> {
  const byService = new Map<string, UpdateView>();
  const collect = async () => {
    for await (const update of api.updates(environment, after)) {
      byService.set(update.service.name, update);
      if (byService.size === names.length) {
        break;
      }
    }
  };
  const stop = new AbortController();
  const late = delay(eventsWithinMs, undefined, { signal: stop.signal }).then(() => {
    const told = [...byService.keys()].join(", ") || "nobody";
    throw new Error(`updateAvailable told of ${told} only, within ${eventsWithinMs / 1000} s.`);
  });
  late.catch(() => {});
  await Promise.race([collect(), late]).finally(() => stop.abort());
  return [...byService.values()].sort((one, other) => one.service.name.localeCompare(other.service.name));
}

async function receipt(
  load: Load,
  witnesses: Witness[],
  { screen, options }: DemoSurroundings,
): Promise<boolean> {
  const report = await load.stop();
  const findings = judge(report, witnesses);
  const ok = findings.every((finding) => finding.ok);
  screen.title("Receipt");
  screen.say(...receiptLines(report, findings, screen.paint));
  const control = options.stopFirst ? " (control: failures expected)" : "";
  const verdict = ok ? screen.paint("green", "Nothing failed") : screen.paint("red", "Something failed");
  screen.say("", `${verdict}${control}.`);
  return ok;
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}
