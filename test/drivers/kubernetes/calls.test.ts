import { expect } from "chai";
import { appSource } from "../app-fixture.js";
import { Recorder } from "../bench.js";
import type { Scene } from "./scene.js";
import { onKubernetes } from "./yard.js";

/** What was asked while something was done, by its name. */
async function asked(scene: Scene, work: () => Promise<unknown>): Promise<Map<string, number>> {
  const calls = async () => new Map(await scene.driver.calls(scene.environmentId));
  const before = await calls();
  await work();
  const all = [...(await calls())].map(([name, count]) => [name, count - (before.get(name) ?? 0)] as const);
  return new Map(all.filter(([, count]) => count > 0));
}

function tell(what: string, calls: Map<string, number>): number {
  const sum = [...calls.values()].reduce((a, b) => a + b, 0);
  const each = [...calls].sort(([, a], [, b]) => b - a).map(([name, count]) => `${name} ${count}`);
  console.log(`        ${what}: ${sum} calls (${each.join(", ")})`);
  return sum;
}

onKubernetes("what a cluster is asked", (it, yard) => {
  it("while nothing happens for a minute: nothing, it is only watched", async (scene) => {
    const proxy = await scene.behind();
    await scene.driver.restore();
    const ref = scene.ref();
    await scene.deploy(scene.target(ref, scene.tiny()));
    await scene.driver.inspect(ref);
    proxy.calls.length = 0;
    const since = Date.now();
    const idle = await asked(scene, () =>
      scene.until("a minute is over", () => Date.now() - since > 61_000, 70),
    );
    expect(tell("a minute of nothing", idle)).to.equal(0);
    expect(proxy.calls).to.deep.equal([]);
  });

  it("for a rebuild of one, of three, and of a source", async (scene) => {
    await scene.behind();
    const commit = await yard.repository.commit({ "server.mjs": appSource("one") });
    const fromSource = scene.spec({ source: scene.source(), command: ["node", "server.mjs"] });
    const kinds = [
      { name: "one", spec: scene.tiny(), facts: { replicas: 1 }, most: 12 },
      { name: "three", spec: scene.tiny(), facts: { replicas: 3 }, most: 16 },
      { name: "one of a source", spec: fromSource, facts: { commit }, most: 16 },
    ];
    for (const { name, spec, facts, most } of kinds) {
      const ref = scene.ref({ name: name.replaceAll(" ", "-") });
      const old = await scene.deploy(scene.target(ref, spec, facts));
      const begun = Date.now();
      const calls = await asked(scene, () =>
        scene.replace(old, scene.target(ref, spec, facts), new Recorder()),
      );
      const seconds = (Date.now() - begun) / 1000;
      const sum = tell(`a rebuild of ${name} in ${seconds.toFixed(1)} s`, calls);
      expect(calls.get("patch deployment")).to.equal(1);
      // What happens is watched, however long it takes.
      expect(sum).to.be.at.most(most);
    }
  });

  it("without saying in the address of a call what it is to keep", async (scene) => {
    const proxy = await scene.behind();
    const env = [
      { name: "MODE", value: [""] },
      { name: "TOKEN", value: [{ secret: "v1" }] },
    ];
    const secrets = new Map([["v1", "Otter-5520-Banjo"]]);
    await scene.deploy(scene.target(scene.ref(), { ...scene.tiny(), env }, { secrets }));
    expect(proxy.count("PATCH", /\/secrets\//)).to.equal(1);
    const hidden = Buffer.from("Otter-5520-Banjo").toString("base64").slice(0, 16);
    for (const { url } of proxy.calls) {
      expect(decodeURIComponent(url)).not.to.include(hidden).and.not.to.include("Otter");
    }
  });
});
