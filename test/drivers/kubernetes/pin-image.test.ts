import { expect } from "chai";
import { AwayRegistries } from "../../../src/drivers/kubernetes/away-registries.js";
import { pinImage } from "../../../src/drivers/kubernetes/pin-image.js";
import type { OperationFailure } from "../../../src/errors.js";
import type { ImageSpec, RegistryCredential } from "../../../src/operations/driver.js";
import { PasswordRegistry } from "../password-registry.js";
import {
  answer,
  digest,
  error,
  indexType,
  manifest,
  type Script,
  ScriptedRegistry,
} from "./scripted-registry.js";

const image = (fields: Partial<ImageSpec> = {}): ImageSpec => ({
  ...{ prefix: null, name: "node", tag: "20", pullPolicy: "IF_NOT_PRESENT", credential: null },
  ...fields,
});
const never = new AbortController().signal;
const pin = (
  fields: Partial<ImageSpec>,
  credential: RegistryCredential | null = null,
  away = new AwayRegistries(),
) => pinImage(image(fields), credential, never, away);
const causeOf = (pinning: Promise<string>) =>
  pinning.then(
    (pinned) => expect.fail(pinned),
    (failure: OperationFailure) => failure.cause,
  );
const policies = ["ALWAYS", "IF_NOT_PRESENT"] as const;

describe("pinning an image for a cluster", () => {
  const open: ScriptedRegistry[] = [];
  const registryThat = async (script: Script) => {
    const registry = await ScriptedRegistry.open(script);
    open.push(registry);
    return registry;
  };
  const closed = error(401, "UNAUTHORIZED", { "www-authenticate": 'Basic realm="test"' });

  afterEach(async () => {
    await Promise.all(open.splice(0).map((registry) => registry.close()));
  });

  it("puts the registry's digest behind the reference as the recipe has it", async () => {
    const registry = await registryThat(manifest(digest("a")));
    for (const pullPolicy of policies) {
      const prefix = `${registry.address}/acme/`;
      expect(await pin({ prefix, name: "shop", tag: "1.4", pullPolicy })).to.equal(
        `${registry.address}/acme/shop:1.4@${digest("a")}`,
      );
    }
    expect(registry.lines).to.deep.equal(Array(2).fill("HEAD /v2/acme/shop/manifests/1.4"));
  });

  it("leaves to the nodes what must not be pulled", async () => {
    const registry = await registryThat(manifest());
    expect(await pin({ prefix: registry.address, pullPolicy: "NEVER" })).to.equal(
      `${registry.address}/node:20`,
    );
    expect(registry.lines).to.deep.equal([]);
  });

  it("fails for what is not there or not allowed, if it is to be pulled", async () => {
    const codes: [Script, string, string][] = [
      [error(404, "MANIFEST_UNKNOWN"), "IMAGE_NOT_FOUND", "404 MANIFEST_UNKNOWN"],
      [error(403, "DENIED"), "REGISTRY_REFUSED", "403 DENIED"],
      [closed, "REGISTRY_REFUSED", "401"],
    ];
    for (const [script, code, words] of codes) {
      const registry = await registryThat(script);
      const prefix = registry.address;
      const cause = await causeOf(pin({ prefix, pullPolicy: "ALWAYS" }));
      expect(cause).to.include({ code });
      expect(cause.message).to.include(`${prefix}/node:20 (${prefix} answers ${words})`);
      expect(await pin({ prefix })).to.equal(`${prefix}/node:20`);
    }
  });

  it("fails for a credential that the registry refuses, and does not tell it", async () => {
    const { address } = await registryThat(closed);
    const credential = { username: "baker", password: "n0t-it", server: address };
    const base64 = Buffer.from("baker:n0t-it").toString("base64");
    for (const pullPolicy of policies) {
      const cause = await causeOf(pin({ prefix: address, pullPolicy }, credential));
      expect(cause).to.include({ code: "REGISTRY_REFUSED" });
      expect(cause.message).to.include("credential").and.not.include("n0t-it").and.not.include(base64);
    }
  });

  it("keeps a credential for another registry to itself", async () => {
    const registry = await registryThat(closed);
    const credential = { username: "baker", password: "br3ad", server: "ghcr.io" };
    await causeOf(pin({ prefix: registry.address }, credential));
    expect(registry.asked.map(({ authorization }) => authorization)).to.deep.equal([undefined]);
  });

  it("fails for what no registry can have", async () => {
    for (const prefix of ["https://ghcr.io", "user@ghcr.io", "ghcr.io/../x"]) {
      const cause = await causeOf(pin({ prefix }));
      expect(cause).to.include({ code: "IMAGE_NOT_FOUND" });
      expect(cause.message).to.include(`${prefix}/node:20`);
    }
  });

  it("leaves it to the nodes when the registry has no clear answer, and asks again next time", async () => {
    for (const status of [429, 500, 502, 503]) {
      const registry = await registryThat(answer(status));
      const away = new AwayRegistries();
      for (const pullPolicy of policies) {
        const pinned = await pin({ prefix: registry.address, pullPolicy }, null, away);
        expect(pinned).to.equal(`${registry.address}/node:20`);
      }
      expect(registry.lines.filter((line) => line.startsWith("HEAD"))).to.have.length(2);
    }
  });

  it("waits 4 s for one that does not answer, once in a minute", async () => {
    const registry = await registryThat((_request, response) => {
      if (registry.asked.length > 1) {
        manifest()(_request, response);
      }
    });
    let now = 0;
    const away = new AwayRegistries(() => now);
    const ask = () => pin({ prefix: registry.address, pullPolicy: "ALWAYS" }, null, away);
    const start = performance.now();
    expect(await ask()).to.equal(`${registry.address}/node:20`);
    expect(performance.now() - start).to.be.within(3_900, 8_000);
    now = 59_999;
    expect(await ask()).to.equal(`${registry.address}/node:20`);
    expect(registry.asked).to.have.length(1);
    now = 60_000;
    expect(await ask()).to.equal(`${registry.address}/node:20@${digest("1")}`);
  });

  it("ends when its operation does, and holds that against no registry", async () => {
    const controller = new AbortController();
    const reason = new Error("cancelled");
    const registry = await registryThat(() => controller.abort(reason));
    const away = new AwayRegistries();
    const pinning = pinImage(image({ prefix: registry.address }), null, controller.signal, away);
    expect(await pinning.catch((thrown) => thrown)).to.equal(reason);
    expect(away.has(registry.address)).to.equal(false);
    const late = pinImage(image({ pullPolicy: "NEVER" }), null, controller.signal, away);
    expect(await late.catch((thrown) => thrown)).to.equal(reason);
  });

  it("remembers a bounded number of registries that are away", () => {
    let now = 0;
    const away = new AwayRegistries(() => now);
    for (let number = 0; number <= 1_000; number++) {
      away.add(`r${number}`);
    }
    expect([away.has("r0"), away.has("r1"), away.has("r1000")]).to.deep.equal([false, true, true]);
    away.add("r1");
    away.add("new");
    expect([away.has("r1"), away.has("r2")]).to.deep.equal([true, false]);
    now = 60_000;
    expect(away.has("r1")).to.equal(false);
  });

  it("finds Docker Hub by all its names", async () => {
    const asked: string[] = [];
    const real = globalThis.fetch;
    // As Docker Hub answers everybody.
    globalThis.fetch = async (input, init) => {
      const { authorization } = init!.headers as Record<string, string>;
      asked.push(`${init!.method} ${input}${authorization ? ` ${authorization}` : ""}`);
      const path = /v2\/(.*)\/manifests/.exec(String(input))?.[1];
      if (!path) {
        return Response.json({ token: "t0ken" });
      }
      const scope = `Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:${path}:pull"`;
      return authorization
        ? new Response(null, { headers: { "docker-content-digest": digest("d") } })
        : new Response(null, { status: 401, headers: { "www-authenticate": scope } });
    };
    try {
      const names: [Partial<ImageSpec>, string][] = [
        [{}, "library/node"],
        [{ name: "library/node" }, "library/node"],
        [{ prefix: "docker.io" }, "library/node"],
        [{ prefix: "index.docker.io/library" }, "library/node"],
        [{ prefix: "acme", name: "shop" }, "acme/shop"],
      ];
      for (const [fields, path] of names) {
        const { prefix, name } = image(fields);
        expect(await pin(fields)).to.equal(`${prefix ? `${prefix}/` : ""}${name}:20@${digest("d")}`);
        const url = `https://registry-1.docker.io/v2/${path}/manifests/20`;
        expect(asked.splice(0)).to.deep.equal([
          `HEAD ${url}`,
          `GET https://auth.docker.io/token?service=registry.docker.io&scope=repository%3A${encodeURIComponent(path)}%3Apull`,
          `HEAD ${url} Bearer t0ken`,
        ]);
      }
    } finally {
      globalThis.fetch = real;
    }
  });

  const { TEST_REGISTRY: registry } = process.env;
  const real = registry ? it : it.skip;
  real(`takes a registry's own word${registry ? "" : " (needs TEST_REGISTRY)"}`, async () => {
    const node = {
      prefix: `${registry}/library`,
      name: "node",
      tag: "20-bookworm",
      pullPolicy: "ALWAYS",
    } as const;
    const manifests = `http://${registry}/v2/library/node/manifests`;
    const pinned = await pin(node);
    expect(pinned).to.match(/:20-bookworm@sha256:[0-9a-f]{64}$/);
    const [, found] = pinned.split("@");
    const accept = `${indexType}, application/vnd.docker.distribution.manifest.v2+json`;
    expect((await fetch(`${manifests}/${found}`, { headers: { accept } })).status).to.equal(200);
    const missing = await causeOf(pin({ ...node, tag: "nope" }));
    expect(missing).to.include({ code: "IMAGE_NOT_FOUND" });
    expect(missing.message).to.include("MANIFEST_UNKNOWN");
    expect(await causeOf(pin({ ...node, name: "nope" }))).to.include({ code: "IMAGE_NOT_FOUND" });
  });

  const { lacks } = PasswordRegistry;
  const guardedIt = lacks ? it.skip : it;
  guardedIt(`opens a registry with its password${lacks ? ` (needs ${lacks})` : ""}`, async () => {
    const guarded = await PasswordRegistry.open();
    try {
      const { address, credential } = guarded;
      const base64 = Buffer.from(`${credential.username}:${credential.password}`).toString("base64");
      const put = await fetch(`http://${address}/v2/shop/manifests/1`, {
        method: "PUT",
        headers: { "content-type": indexType, authorization: `Basic ${base64}` },
        body: JSON.stringify({ schemaVersion: 2, mediaType: indexType, manifests: [] }),
      });
      expect(put.status).to.equal(201);
      const shop = { prefix: address, name: "shop", tag: "1", pullPolicy: "ALWAYS" } as const;
      expect(await pin(shop, credential)).to.equal(
        `${address}/shop:1@${put.headers.get("docker-content-digest")}`,
      );
      expect(await causeOf(pin(shop))).to.include({ code: "REGISTRY_REFUSED" });
      const wrong = await causeOf(pin(shop, { ...credential, password: "n0t-it" }));
      expect(wrong).to.include({ code: "REGISTRY_REFUSED" });
      expect(wrong.message).not.to.include("n0t-it");
      const missing = await causeOf(pin({ ...shop, tag: "2" }, credential));
      expect(missing).to.include({ code: "IMAGE_NOT_FOUND" });
    } finally {
      await guarded.close();
    }
  });
});
