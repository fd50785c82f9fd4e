import type { Reporter } from "../../operations/driver.js";
import { EngineRefusal } from "../engine/answers.js";
import type { Engine } from "./engine.js";
import type { ServiceSpec } from "./engine-types.js";
import { environmentLabels, labels, networkName } from "./names.js";
import type { Plan, PlannedObject } from "./plan.js";

/** Every environment has a network of this name, for services that name none: as in a stack. */
const defaultNetwork = "default";

type Held = Pick<Reporter, "assertHeld">;

/** Makes what is missing of a plan's configs and secrets; returns their ids by name. */
export async function makeObjects(
  engine: Engine,
  { mounts }: Plan,
  report: Held,
): Promise<Map<string, string>> {
  const wanted = new Map(mounts.map(({ object }) => [object.name, object]));
  const ids = new Map<string, string>();
  for (const kind of ["config", "secret"] as const) {
    const all = [...wanted.values()].filter((object) => object.kind === kind);
    if (all.length === 0) {
      continue;
    }
    const there = await engine.objects(kind, { name: all.map(({ name }) => name) });
    for (const object of all) {
      const found = there.find(({ Spec }) => Spec.Name === object.name);
      ids.set(object.name, found?.ID ?? (await make(engine, object, report)));
    }
  }
  return ids;
}

async function make(engine: Engine, object: PlannedObject, report: Held): Promise<string> {
  const { kind, name, data, template, labels: Labels } = object;
  await report.assertHeld();
  try {
    return await engine.createObject(kind, {
      Name: name,
      Data: Buffer.from(data).toString("base64"),
      Labels,
      ...(template && { Templating: { Name: "golang" } }),
    });
  } catch (error) {
    // Another service of this environment needed the same at the same moment.
    const [found] = isConflict(error) ? await engine.objects(kind, { name: [name] }) : [];
    if (found?.Spec.Name === name) {
      return found.ID;
    }
    throw error;
  }
}

/**
 * The networks that a service is on, made when they are missing. One of exactly that name which no Rebake made is used
 * as it is; else the environment has one of its own.
 */
export async function makeNetworks(
  engine: Engine,
  { scope, ref }: Plan,
  names: readonly string[],
  installation: string,
  report: Held,
): Promise<Map<string, { id: string; own: boolean }>> {
  const wanted = namesOf(names);
  const scoped = (name: string) => networkName(scope, name);
  const there = await engine.networks({
    scope: ["swarm"],
    name: wanted.flatMap((name) => [name, scoped(name)]),
  });
  const made = new Map<string, { id: string; own: boolean }>();
  for (const name of wanted) {
    const own = there.find(({ Name }) => Name === scoped(name));
    const given = there.find(({ Name, Labels }) => Name === name && !Labels?.[labels.installation]);
    if (own ?? given) {
      made.set(name, own ? { id: own.Id, own: true } : { id: given!.Id, own: false });
      continue;
    }
    await report.assertHeld();
    const marks = { ...environmentLabels(installation, ref), [labels.name]: name };
    made.set(name, { id: await makeNetwork(engine, scoped(name), marks), own: true });
  }
  return made;
}

async function makeNetwork(engine: Engine, name: string, marks: Record<string, string>): Promise<string> {
  try {
    return await engine.createNetwork(name, marks);
  } catch (error) {
    const found = isConflict(error)
      ? (await engine.networks({ name: [name] })).find(({ Name }) => Name === name)
      : undefined;
    if (found) {
      return found.Id;
    }
    throw error;
  }
}

/** Two that come at the very same moment are told of it in words alone. */
function isConflict(error: unknown): boolean {
  return (
    error instanceof EngineRefusal &&
    (error.status === 409 || /name conflicts with an existing object/.test(error.message))
  );
}

/** After so long what nothing uses was left by a server that died, in milliseconds. */
const abandonedAfter = 600_000;

/**
 * Removes configs, secrets and networks of an environment that nothing uses any more: those that a service `formerly`
 * used, and what was left behind long ago. What somebody makes for a service that is not there yet is let be, as is what
 * another one ran before its last change: it may have to go back to it.
 */
export async function removeUnused(
  engine: Engine,
  installation: string,
  environmentId: string,
  /** `service`: its name on the engine. */
  { service, formerly }: { service: string; formerly: readonly string[] },
): Promise<void> {
  const mine = {
    label: [`${labels.installation}=${installation}`, `${labels.environmentId}=${environmentId}`],
  };
  const services = await engine.services(mine);
  const used = new Set(
    services.flatMap(({ Spec, PreviousSpec }) => [
      ...referredTo(Spec),
      ...(Spec.Name === service ? [] : referredTo(PreviousSpec)),
    ]),
  );
  const isUnused = (id: string, created: string | undefined) =>
    !used.has(id) && (formerly.includes(id) || Date.now() - Date.parse(created ?? "") > abandonedAfter);
  for (const kind of ["config", "secret"] as const) {
    for (const { ID, CreatedAt } of await engine.objects(kind, mine)) {
      if (isUnused(ID, CreatedAt)) {
        await unlessUsed(engine.removeObject(kind, ID));
      }
    }
  }
  for (const { Id, Created } of await engine.networks(mine)) {
    if (isUnused(Id, Created)) {
      await unlessUsed(engine.removeNetwork(Id));
    }
  }
}

/** Ids of the configs, secrets and networks that were made for a plan, or would serve it. */
export async function madeFor(
  engine: Engine,
  { mounts, scope }: Plan,
  networks: readonly string[],
): Promise<string[]> {
  const ids: string[] = [];
  for (const kind of ["config", "secret"] as const) {
    const names = mounts.filter(({ object }) => object.kind === kind).map(({ object }) => object.name);
    const there = names.length > 0 ? await engine.objects(kind, { name: names }) : [];
    ids.push(...there.filter(({ Spec }) => names.includes(Spec.Name)).map(({ ID }) => ID));
  }
  const names = namesOf(networks).map((name) => networkName(scope, name));
  const there = await engine.networks({ scope: ["swarm"], name: names });
  return [...ids, ...there.filter(({ Name }) => names.includes(Name)).map(({ Id }) => Id)];
}

/** The networks that a service is on which names these. */
function namesOf(networks: readonly string[]): readonly string[] {
  return networks.length > 0 ? networks : [defaultNetwork];
}

/** Ids of the configs, secrets and networks that a service uses. */
export function referredTo(spec: ServiceSpec | undefined): string[] {
  const { ContainerSpec, Networks } = spec?.TaskTemplate ?? {};
  return [
    ...(ContainerSpec?.Configs ?? []).map(({ ConfigID }) => ConfigID),
    ...(ContainerSpec?.Secrets ?? []).map(({ SecretID }) => SecretID),
    ...(Networks ?? []).map(({ Target }) => Target),
  ];
}

async function unlessUsed(removed: Promise<unknown>): Promise<void> {
  try {
    await removed;
  } catch (error) {
    if (!(error instanceof EngineRefusal)) {
      throw error;
    }
  }
}
