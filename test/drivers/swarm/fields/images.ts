import { expect } from "chai";
import type { OperationFailure } from "../../../../src/errors.js";
import type { Target } from "../../../../src/operations/driver.js";
import { Recorder } from "../../bench.js";
import { registry } from "../../machine.js";
import { PasswordRegistry } from "../../password-registry.js";
import { tinyImages } from "../tiny-images.js";
import type { Trial } from "../trial.js";
import { type FieldCase, field } from "./field.js";

const causeOf = (failing: Promise<unknown>) =>
  failing.then(
    () => expect.fail("it works"),
    (error: OperationFailure) => error.cause,
  );
const marked = async (trial: Trial, target: Parameters<Trial["environment"]>[0]) =>
  (await trial.environment(target)).get("MARK");

const needing = (lacks: string | null, one: FieldCase): FieldCase => ({ ...one, lacks });

/** What is run, and where it comes from. */
export const imageFields: FieldCase[] = [
  field("image.prefix image.name image.tag", "say what runs", async (trial) => {
    const images = await tinyImages(trial);
    const [one, two] = [await images.make("one"), await images.make("two")];
    await images.push(one, registry, "shop", "1");
    await images.push(two, registry, "shop", "2");
    await images.push(two, registry, "store", "1");
    const pin = (name: string, tag: string) =>
      trial.lab.pin({ prefix: `${registry}/${images.folder}`, name, tag: images.own(tag) });
    const first = await trial.deploy({}, { image: await pin("shop", "1") });
    expect((await trial.container(first)).Image).to.equal(one);
    expect(await marked(trial, first)).to.equal("one");
    const second = await trial.rebuild(first, {}, { image: await pin("shop", "2") });
    expect((await trial.container(second)).Image).to.equal(two);
    const third = await trial.rebuild(second, {}, { image: await pin("store", "1") });
    expect(third.image).to.match(
      new RegExp(`^${registry}/${images.folder}/store:${images.own("1")}@sha256:`),
    );
    expect((await trial.container(third)).Image).to.equal(two);
    const nope = await causeOf(pin("shop", "3"));
    expect(nope).to.include({ code: "IMAGE_NOT_FOUND" });
  }),

  field("image.pullPolicy", "says whether a tag that moved is followed", async (trial) => {
    const images = await tinyImages(trial);
    const [old, moved] = [await images.make("old"), await images.make("moved")];
    const pin = (pullPolicy: "ALWAYS" | "IF_NOT_PRESENT" | "NEVER") =>
      trial.lab.pin({ prefix: registry, name: `${images.folder}/shop`, tag: images.own("1"), pullPolicy });
    await images.push(old, registry, "shop", "1");
    const first = await trial.deploy({}, { image: await pin("IF_NOT_PRESENT") });
    expect(await marked(trial, first)).to.equal("old");
    // In the registry the tag moves, on the node it does not.
    await images.push(moved, registry, "shop", "1");
    await images.forget(moved);
    await images.tag(old, registry, "shop", "1");
    const kept = await trial.rebuild(first, {}, { image: await pin("IF_NOT_PRESENT") });
    expect(kept.image).to.equal(first.image);
    expect(await marked(trial, kept)).to.equal("old");
    const followed = await trial.rebuild(kept, {}, { image: await pin("ALWAYS") });
    expect(followed.image).not.to.equal(kept.image);
    expect(await marked(trial, followed)).to.equal("moved");
    const local = await trial.rebuild(followed, {}, { image: await pin("NEVER") });
    expect(local.image).to.equal(old);
    expect(await marked(trial, local)).to.equal("old");
    await trial.remove(local.ref);
    await images.forget(old);
    const cause = await causeOf(pin("NEVER"));
    expect(cause).to.include({ code: "IMAGE_NOT_FOUND" });
    expect(cause.message).to.match(/pull policy is NEVER/);
    expect(await pin("IF_NOT_PRESENT")).to.equal(followed.image);
  }),

  needing(
    PasswordRegistry.lacks,
    field("image.credential", "opens the registry, for a first and for each later image", async (trial) => {
      const guarded = await PasswordRegistry.open();
      trial.closing(() => guarded.close());
      const images = await tinyImages(trial);
      const { credential } = guarded;
      for (const mark of ["one", "two"]) {
        const image = await images.make(mark);
        await images.push(image, guarded.address, "shop", mark, credential);
        // Whoever runs it has to pull it.
        await images.forget(image);
      }
      const pin = (tag: string, given: typeof credential | null) =>
        trial.lab.pin(
          { prefix: guarded.address, name: `${images.folder}/shop`, tag: images.own(tag) },
          given,
        );
      const wrong = { ...credential, password: "n0t-it" };
      expect(await causeOf(pin("one", null))).to.include({ code: "REGISTRY_REFUSED" });
      const refused = await causeOf(pin("one", wrong));
      expect(refused).to.include({ code: "REGISTRY_REFUSED" });
      expect(refused.message).not.to.include("n0t-it");
      const [one, two] = [await pin("one", credential), await pin("two", credential)];

      const opened = { image: one, registryCredential: credential };
      const closed = { image: one, registryCredential: wrong };
      const ref = trial.ref();
      await trial.fails("IMAGE_NOT_FOUND", null, trial.target(ref, trial.spec(), closed));
      const first = await trial.deploy({}, opened, ref);
      expect(await marked(trial, first)).to.equal("one");
      const open = await trial.deploy({}, {}, trial.ref({ name: "later" }));
      const late = trial.target(open.ref, open.spec, { ...closed, image: two });
      await trial.fails("IMAGE_NOT_FOUND", open, late);
      const second = await trial.rebuild(open, {}, { ...opened, image: two });
      expect(await marked(trial, second)).to.equal("two");
      // Who has it already needs no registry: the others stay, whatever the credential is by now.
      const ids = async (target: Target) => (await trial.containers(target.ref)).map(({ Id }) => Id);
      const [before] = await ids(second);
      const rotated = { ...second, registryCredential: wrong, replicas: 2 };
      expect((await trial.lab.driver.scale(rotated, 1, new Recorder())).verdict).to.equal("UNPROVEN");
      expect(await ids(second))
        .to.have.length(2)
        .and.to.include(before);
      // One that is taken away is not used any more.
      await trial.remove(first.ref);
      await images.forget((await trial.lab.docker.getImage(one).inspect()).Id);
      const without = trial.target(second.ref, second.spec, { image: one, replicas: 2 });
      await trial.fails("IMAGE_NOT_FOUND", second, without);
      const told = JSON.stringify([await trial.containers(second.ref), await trial.service(second.ref)]);
      expect(told).not.to.include(credential.password);
    }),
  ),
];
