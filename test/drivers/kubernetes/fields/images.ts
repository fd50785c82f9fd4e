import { expect } from "chai";
import type { OperationFailure } from "../../../../src/errors.js";
import type { Target } from "../../../../src/operations/driver.js";
import { Scene } from "../../fields/scene.js";
import { PasswordRegistry } from "../../password-registry.js";
import { registry } from "../lab.js";
import { MarkedImages, sayMark } from "../marked-images.js";
import type { Trial } from "../trial.js";

const causeOf = (failing: Promise<unknown>) =>
  failing.then(
    () => expect.fail("it works"),
    (error: OperationFailure) => error.cause,
  );

async function look(trial: Trial, target: Target) {
  const { spec, status } = await trial.pod(target);
  return {
    mark: await trial.ask(await trial.pod(target), "/"),
    policy: spec!.containers[0]!.imagePullPolicy,
    image: spec!.containers[0]!.image,
    id: status!.containerStatuses![0]!.imageID,
    secrets: spec!.imagePullSecrets,
  };
}

type Policy = "ALWAYS" | "IF_NOT_PRESENT" | "NEVER";

/** What is run, and where it comes from. */
export const imageScene = new Scene(async (trial: Trial) => {
  const images = new MarkedImages(trial);
  const digests = [await images.push("one", "shop", "1"), await images.push("two", "store", "2")];
  const image = (name: string, tag: string, pullPolicy: Policy, prefix = `${registry}/${images.folder}`) => ({
    ...{ prefix, name, pullPolicy, credential: null },
    tag: images.own(tag),
  });
  const deploy = async (of: ReturnType<typeof image>, old?: Target) => {
    const fields = { command: sayMark, image: of };
    const facts = { image: await trial.lab.pin(of) };
    return old ? trial.rebuild(old, fields, facts) : trial.deploy(fields, facts);
  };
  const first = await deploy(image("shop", "1", "ALWAYS"));
  const one = await look(trial, first);
  const second = await deploy(image(`${images.folder}/store`, "2", "IF_NOT_PRESENT", registry), first);
  const two = await look(trial, second);
  const never = image("shop", "none", "NEVER");
  const target = trial.target(trial.ref({ name: "never" }), trial.spec({ image: never }), {
    image: await trial.lab.pin(never),
  });
  const message = await trial.fails("IMAGE_NOT_FOUND", null, target);
  const local = {
    ...{ prefix: registry, name: "library/node", tag: "20-bookworm" },
    ...{ pullPolicy: "NEVER" as const, credential: null },
  };
  const third = await trial.deploy(
    { image: local },
    { image: await trial.lab.pin(local) },
    trial.ref({ name: "local" }),
  );
  const missing = await causeOf(trial.lab.pin(image("shop", "none", "ALWAYS")));
  return { images, digests, one, two, message, three: await look(trial, third), missing };
})
  .shows("image.prefix image.name image.tag", "say what runs", ({ images, digests, one, two, missing }) => {
    expect(one.mark).to.equal("one");
    expect(one.image).to.equal(`${registry}/rebake-test/shop:${images.own("1")}@${digests[0]}`);
    expect(two.mark).to.equal("two");
    expect(two.image).to.equal(`${registry}/rebake-test/store:${images.own("2")}@${digests[1]}`);
    expect(two.id).to.include(digests[1]);
    expect(missing).to.include({ code: "IMAGE_NOT_FOUND" });
  })
  .shows("image.pullPolicy", "says whether a node asks the registry", ({ one, two, three, message }) => {
    expect([one.policy, two.policy, three.policy]).to.deep.equal(["Always", "IfNotPresent", "Never"]);
    expect(three.image).to.equal(`${registry}/library/node:20-bookworm`);
    expect(message).to.match(/image\.pullPolicy NEVER/);
  });

/** What opens a registry. */
export const credentialScene = new Scene(async (trial: Trial) => {
  const guarded = await PasswordRegistry.open();
  trial.closing(() => guarded.close());
  const { address, credential } = guarded;
  const images = new MarkedImages(trial);
  await images.push("one", "shop", "1", address, credential);
  const image = {
    ...{ prefix: address, name: `${images.folder}/shop`, tag: images.own("1") },
    ...{ pullPolicy: "ALWAYS" as const, credential: "bakery" },
  };
  const fields = { command: sayMark, image };
  const wrong = { ...credential, password: "n0t-it" };
  const refused = await causeOf(trial.lab.pin(image, wrong));
  const pinned = await trial.lab.pin(image, credential);
  const closed = trial.target(trial.ref({ name: "closed" }), trial.spec(fields), {
    ...{ image: pinned, registryCredential: wrong },
  });
  const message = await trial.fails("REGISTRY_REFUSED", null, closed);
  const first = await trial.deploy(fields, { image: pinned, registryCredential: credential });
  const one = await look(trial, first);
  const told = (await trial.told(first)) + message + JSON.stringify(refused);
  const { namespace } = trial;
  const { items } = await trial.core.listNamespacedSecret({ namespace });
  const secrets = items.filter(({ type }) => type === "kubernetes.io/dockerconfigjson");
  const second = await trial.rebuild(first, {}, { image: trial.lab.node });
  return { refused, told, one, secrets, two: await look(trial, second) };
}, PasswordRegistry.lacks)
  .shows("image.credential", "opens the registry to the nodes, and is told to nobody", (seen) => {
    expect(seen.refused).to.include({ code: "REGISTRY_REFUSED" });
    expect(seen.one.mark).to.equal("one");
    expect(seen.secrets.map(({ metadata }) => ({ name: metadata!.name }))).to.deep.equal(seen.one.secrets);
    expect(seen.told).not.to.match(/br3ad-and-butter|n0t-it|YnIzYWQ/);
  })
  .shows("image.credential", "that is not needed any more is not used", ({ two }) => {
    expect(two.secrets).to.equal(undefined);
  });
