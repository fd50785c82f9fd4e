import { expect } from "chai";
import fc from "fast-check";
import { contentOf, differences, isDrifted } from "../../../src/drivers/swarm/comparable.js";
import { Engine } from "../../../src/drivers/swarm/engine.js";
import type { ServiceSpec } from "../../../src/drivers/swarm/engine-types.js";
import { makeNetworks, makeObjects, referredTo, removeUnused } from "../../../src/drivers/swarm/objects.js";
import { planOf } from "../../../src/drivers/swarm/plan.js";
import { serviceSpecOf } from "../../../src/drivers/swarm/service-spec.js";
import { newRef, targetOf } from "../bench.js";
import { dockerHost, onEngine } from "./lab.js";
import { renderedSpec } from "./spec-arbitraries.js";

const seed = Number(process.env.TEST_SPEC_SEED ?? Date.now() % 1e9);
const held = { assertHeld: async () => undefined };

/** Whether the engine took it: it may just have written down how it is doing. */
async function update(engine: Engine, id: string, put: ServiceSpec): Promise<boolean> {
  const { Version } = (await engine.service(id))!;
  try {
    await engine.updateService(id, Version.Index, put, null);
    return true;
  } catch (error) {
    expect((error as Error).message).to.match(/out of sequence/);
    return false;
  }
}

onEngine("what a Docker engine makes of any recipe", (it) => {
  it(`is read back as it was written, at first and after a change (TEST_SPEC_SEED=${seed})`, async (trial) => {
    const engine = new Engine({ host: dockerHost, ca: null, certificate: null, key: null });
    trial.closing(() => engine.close());
    const programs = { installation: trial.installation, deployer: "// deployer" };
    // Nothing has to run for that.
    const specs = fc
      .sample(renderedSpec, { numRuns: 16, seed })
      .map((spec) => ({ ...spec, mode: "REPLICATED" as const }));
    const ref = newRef("orders", trial.environmentId);
    const used: string[] = [];
    let id: string | null = null;
    try {
      for (const spec of specs) {
        const target = targetOf(ref, spec, { image: trial.lab.node, commit: "0".repeat(40), replicas: 0 });
        const plan = planOf(target, programs);
        const objects = await makeObjects(engine, plan, held);
        const networks = await makeNetworks(engine, plan, spec.networks, trial.installation, held);
        const image = { entrypoint: [], command: ["node"] };
        const put = serviceSpecOf(target, plan, { objects, networks, image }, trial.installation);
        used.push(...referredTo(put));
        if (id) {
          await trial.until("the engine takes it", () => update(engine, id!, put));
        } else {
          ({ id } = await engine.createService(put, null));
        }
        const found = (await engine.service(id!))!;
        expect(differences(put, found.Spec), JSON.stringify(spec)).to.deep.equal([]);
        expect(contentOf(found.Spec)).to.equal(contentOf(put));
        expect(isDrifted(found.Spec)).to.equal(false);
      }
    } finally {
      await (id && engine.removeService(id));
      const service = trial.name(ref);
      await removeUnused(engine, trial.installation, trial.environmentId, { service, formerly: used });
    }
  });

  it(`gives the app any text as it is (TEST_SPEC_SEED=${seed})`, async (trial) => {
    const unit = fc.constantFrom(
      "{",
      "}",
      "{{",
      "}}",
      "{{.Task.ID}}",
      '{{"',
      "\\",
      '"',
      "`",
      "$",
      "\n",
      "ж",
      "🍞",
      " ",
    );
    const texts = fc.sample(fc.string({ unit, maxLength: 10 }), { numRuns: 60, seed });
    const values = texts.map((text, n) => [`V${n}`, text] as const);
    const slot = { computed: "REBAKE_INSTANCE" as const };
    const target = await trial.deploy({
      env: values.flatMap(([name, text]) => [
        { name, value: [text] },
        { name: `${name}_SLOT`, value: [text, slot, text] },
      ]),
      files: values.slice(0, 20).map(([name, text]) => {
        return { path: `/etc/texts/${name}`, content: [text, slot, text], mode: "0644" };
      }),
    });
    const seen = await trial.environment(target);
    for (const [name, text] of values) {
      expect(seen.get(name)).to.equal(text);
      expect(seen.get(`${name}_SLOT`)).to.equal(`${text}1${text}`);
    }
    const wanted = values.slice(0, 20).map(([, text]) => `${text}1${text}`);
    const paths = wanted.map((_, n) => `/etc/texts/V${n}`);
    expect(await trial.run(target, "cat", ...paths)).to.equal(wanted.join(""));
  });
});
