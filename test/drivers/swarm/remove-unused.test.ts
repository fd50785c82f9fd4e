import { expect } from "chai";
import { EngineRefusal } from "../../../src/drivers/engine/answers.js";
import type { Engine } from "../../../src/drivers/swarm/engine.js";
import { removeUnused } from "../../../src/drivers/swarm/objects.js";

/** What was made just now, and what an hour ago: told when asked, as files are loaded long before their tests run. */
const now = () => new Date().toISOString();
const hourAgo = () => new Date(Date.now() - 3_600_000).toISOString();

/** A service of the engine that uses a config now, and one before its last change. */
const service = (Name: string, config: string, before: string | null = null) => {
  const spec = (ConfigID: string) => ({
    Name,
    TaskTemplate: {
      ContainerSpec: { Configs: [{ ConfigID }], Secrets: [{ SecretID: `${ConfigID}-secret` }] },
      Networks: [{ Target: `${ConfigID}-network` }],
    },
  });
  return { Spec: spec(config), ...(before && { PreviousSpec: spec(before) }) };
};

/** What is removed of an engine that has these services and, for each name, a config, a secret and a network. */
async function removed(
  services: object[],
  objects: Record<string, string>,
  formerly: string[],
  refuses: string[] = [],
): Promise<string[]> {
  const gone: string[] = [];
  const ends = { config: "", secret: "-secret" };
  const remove = async (id: string) => {
    if (refuses.includes(id)) {
      throw new EngineRefusal(400, "it is in use");
    }
    gone.push(id);
  };
  const engine = {
    services: async () => services,
    objects: async (kind: "config" | "secret") =>
      Object.entries(objects).map(([name, CreatedAt]) => ({ ID: `${name}${ends[kind]}`, CreatedAt })),
    networks: async () =>
      Object.entries(objects).map(([name, Created]) => ({ Id: `${name}-network`, Created })),
    removeObject: (_kind: string, id: string) => remove(id),
    removeNetwork: remove,
  } as unknown as Engine;
  await removeUnused(engine, "i", "env", { service: "mine", formerly });
  return gone.sort();
}

const three = (name: string) => [name, `${name}-network`, `${name}-secret`];

describe("what a swarm has and nobody uses", () => {
  it("goes when the service had it, or when it was left long ago", async () => {
    const objects = { used: hourAgo(), had: now(), left: hourAgo(), fresh: now() };
    expect(await removed([service("mine", "used", "had")], objects, three("had"))).to.deep.equal([
      ...three("had"),
      ...three("left"),
    ]);
  });

  it("stays while another service may go back to it", async () => {
    const services = [service("mine", "new"), service("other", "other-new", "old")];
    const objects = { new: now(), "other-new": now(), old: hourAgo() };
    expect(await removed(services, objects, three("old"))).to.deep.equal([]);
    expect(await removed(services.slice(0, 1), objects, three("old"))).to.deep.equal(three("old"));
  });

  it("is not used by whoever merely is about to use it, which the engine says", async () => {
    expect(await removed([], { had: now() }, three("had"), ["had"])).to.deep.equal([
      "had-network",
      "had-secret",
    ]);
  });
});
