import { expect } from "chai";
import fc from "fast-check";
import { imageReference } from "../../../src/domain/image-reference.js";
import { EngineAway, EngineRefusal } from "../../../src/drivers/engine/answers.js";
import type { Engine } from "../../../src/drivers/swarm/engine.js";
import { pinImage } from "../../../src/drivers/swarm/pin-image.js";
import type { OperationFailure } from "../../../src/errors.js";
import type { ImageSpec, RegistryCredential } from "../../../src/operations/driver.js";

const digest = (digit: string) => `sha256:${digit.repeat(64)}`;
const credential: RegistryCredential = { username: "u", password: "p", server: "r.example" };

interface Known {
  /** As the node has it. */
  local?: { Id: string; RepoDigests?: string[] } | null;
  /** Digest in the registry, or what goes wrong. */
  registry?: string | Error;
}

/** An engine that knows of one image. */
function engineWith({ local = null, registry = new EngineRefusal(404, "manifest unknown") }: Known) {
  const asked: unknown[] = [];
  const engine = {
    where: "tcp://engine:2375",
    image: async (reference: string) => {
      asked.push(["image", reference]);
      return local;
    },
    distribution: async (reference: string, given: unknown) => {
      asked.push(["distribution", reference, given]);
      if (registry instanceof Error) {
        throw registry;
      }
      return { Descriptor: { digest: registry } };
    },
  };
  return { engine: engine as unknown as Engine, asked };
}

const image = (fields: Partial<ImageSpec> = {}): ImageSpec => ({
  ...{ prefix: null, name: "node", tag: "20", pullPolicy: "IF_NOT_PRESENT", credential: null },
  ...fields,
});
const pin = (known: Known, fields: Partial<ImageSpec> = {}) =>
  pinImage(engineWith(known).engine, image(fields), null, new AbortController().signal);
const causeOf = async (known: Known, fields: Partial<ImageSpec> = {}) =>
  pin(known, fields).then(
    (pinned) => expect.fail(pinned),
    (error: OperationFailure) => error.cause,
  );
const localOf = (...RepoDigests: string[]) => ({ Id: digest("c"), RepoDigests });

describe("pinning an image on a swarm", () => {
  it("takes what the node has where that will do, by the digest of its own repository", async () => {
    const local = localOf(`other/node@${digest("1")}`, `node@${digest("2")}`);
    const { engine, asked } = engineWith({ local, registry: digest("9") });
    expect(await pinImage(engine, image(), null, new AbortController().signal)).to.equal(
      `node:20@${digest("2")}`,
    );
    expect(asked).to.deep.equal([["image", "node:20"]]);
    const names: [Partial<ImageSpec>, string][] = [
      [{ name: "library/node" }, "node"],
      [{ prefix: "docker.io" }, "node"],
      [{ prefix: "index.docker.io/library" }, "node"],
      [{ prefix: "docker.io/acme" }, "acme/node"],
      [{ prefix: "localhost" }, "localhost/node"],
      [{ prefix: "127.0.0.1:5000/a/b" }, "127.0.0.1:5000/a/b/node"],
      [{ prefix: "ghcr.io/acme/" }, "ghcr.io/acme/node"],
    ];
    for (const [fields, repository] of names) {
      const known = { local: localOf(`${repository}@${digest("3")}`), registry: digest("9") };
      expect(await pin(known, fields), repository).to.equal(
        `${imageReference(image(fields))}@${digest("3")}`,
      );
    }
    // Of no other repository, or registry.
    for (const repository of ["acme/node", "ghcr.io/node", "nodes", "node/node"]) {
      expect(await pin({ local: localOf(`${repository}@${digest("3")}`), registry: digest("9") })).to.equal(
        `node:20@${digest("9")}`,
      );
    }
  });

  it("asks the registry with the credential, always or when the node does not have it", async () => {
    const { engine, asked } = engineWith({ local: localOf(`node@${digest("1")}`), registry: digest("2") });
    const always = image({ pullPolicy: "ALWAYS" });
    expect(await pinImage(engine, always, credential, new AbortController().signal)).to.equal(
      `node:20@${digest("2")}`,
    );
    expect(asked).to.deep.equal([["distribution", "node:20", credential]]);
    expect(await pin({ registry: digest("4") })).to.equal(`node:20@${digest("4")}`);
  });

  it("takes an image's id where it is on the node alone, and nothing else is allowed or there", async () => {
    expect(await pin({ local: localOf() })).to.equal(digest("c"));
    expect(await pin({ local: localOf(`node@${digest("1")}`) }, { pullPolicy: "NEVER" })).to.equal(
      digest("c"),
    );
    const cause = await causeOf({ registry: digest("1") }, { pullPolicy: "NEVER" });
    expect(cause).to.include({ code: "IMAGE_NOT_FOUND" });
    expect(cause.message).to.include("NEVER");
  });

  it("says whether the image, the credential, the registry or the engine is to blame", async () => {
    const refusals: [number, string, string][] = [
      [401, "no", "REGISTRY_REFUSED"],
      [403, "denied: requested access to the resource is denied", "REGISTRY_REFUSED"],
      [500, "unauthorized: authentication required", "REGISTRY_REFUSED"],
      [500, "Get https://r/v2/: no basic auth credentials", "REGISTRY_REFUSED"],
      [404, "?", "IMAGE_NOT_FOUND"],
      [500, "manifest unknown: manifest unknown", "IMAGE_NOT_FOUND"],
      [500, "errors: name unknown: repository name not known to registry", "IMAGE_NOT_FOUND"],
      [500, "dial tcp 10.0.0.1:443: connect: connection refused", "REGISTRY_UNREACHABLE"],
    ];
    for (const [status, message, code] of refusals) {
      const cause = await causeOf({ registry: new EngineRefusal(status, message) });
      expect(cause, message).to.include({ code });
      expect(cause.message).to.include("node:20").and.to.include(message);
    }
    const away = await causeOf({ registry: new EngineAway("ECONNREFUSED") });
    expect(away).to.include({ code: "ENGINE_UNREACHABLE" });
    // What the node has is no answer when it is to be what the registry has.
    const local = localOf(`node@${digest("1")}`);
    expect(await causeOf({ local }, { pullPolicy: "ALWAYS" })).to.include({ code: "IMAGE_NOT_FOUND" });
  });

  it("keeps name and tag in front of the digest, whatever they are", async () => {
    const name = fc.stringMatching(/^[a-z0-9]{1,5}(\/[a-z0-9]{1,5}){0,2}$/);
    const prefix = fc.option(fc.constantFrom("ghcr.io", "127.0.0.1:5000", "r.example:5000/a", "acme"));
    const tag = fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,5}$/);
    await fc.assert(
      fc.asyncProperty(fc.record({ name, prefix, tag }), async (fields) => {
        const expected = `${imageReference(image(fields))}@${digest("1")}`;
        expect(await pin({ registry: digest("1") }, fields)).to.equal(expected);
        const [repository] = [expected.slice(0, expected.lastIndexOf(`:${fields.tag}@`))];
        expect(await pin({ local: localOf(`${repository}@${digest("1")}`) }, fields)).to.equal(expected);
      }),
    );
  });
});
