import { createHash } from "node:crypto";
import { expect } from "chai";
import { digestOf, RegistryRefusal } from "../../../src/drivers/kubernetes/registry.js";
import { RegistryAway } from "../../../src/drivers/kubernetes/registry-http.js";
import type { RegistryCredential } from "../../../src/operations/driver.js";
import {
  answer,
  digest,
  error,
  indexType,
  manifest,
  type Script,
  ScriptedRegistry,
} from "./scripted-registry.js";

const credential: RegistryCredential = { username: "baker", password: "br3ad", server: "r.example" };
const basic = `Basic ${Buffer.from("baker:br3ad").toString("base64")}`;
const never = new AbortController().signal;

describe("a registry's digest of a tag", () => {
  const open: ScriptedRegistry[] = [];
  const registryThat = async (script: Script) => {
    const registry = await ScriptedRegistry.open(script);
    open.push(registry);
    return registry;
  };
  const ask = ({ address }: ScriptedRegistry, given: RegistryCredential | null = null, signal = never) =>
    digestOf({ registry: address, path: "acme/shop", tag: "1" }, given, signal);
  const failing = (asking: Promise<string>) =>
    asking.then(
      (found) => expect.fail(found),
      (thrown: RegistryRefusal | RegistryAway) => thrown,
    );
  const path = "/v2/acme/shop/manifests/1";

  afterEach(async () => {
    await Promise.all(open.splice(0).map((registry) => registry.close()));
  });

  it("is what HEAD says, for whatever the tag points at", async () => {
    const registry = await registryThat(manifest(digest("a")));
    expect(await ask(registry, credential)).to.equal(digest("a"));
    expect(registry.lines).to.deep.equal([`HEAD ${path}`]);
    const [{ accept, authorization }] = registry.asked as [ScriptedRegistry["asked"][0]];
    expect(authorization, "nobody asked for it").to.equal(undefined);
    expect(accept?.split(", ")).to.have.members([
      "application/vnd.oci.image.index.v1+json",
      "application/vnd.oci.image.manifest.v1+json",
      "application/vnd.docker.distribution.manifest.list.v2+json",
      "application/vnd.docker.distribution.manifest.v2+json",
    ]);
  });

  describe("without one from HEAD", () => {
    const body = JSON.stringify({ schemaVersion: 2, manifests: [], annotations: { bread: "Brötchen" } });
    const hash = `sha256:${createHash("sha256").update(body).digest("hex")}`;
    const heads: [string, Script][] = [
      ["no digest", answer(200, { "content-type": indexType })],
      ["a digest of another kind", manifest(`sha512:${"1".repeat(128)}`)],
      ["something else for a digest", manifest("sha256:../../x")],
      ["no such method", answer(405)],
      ["nothing found", answer(404)],
      ["a fault", answer(500)],
    ];
    for (const [what, head] of heads) {
      it(`is that of the manifest when HEAD gives ${what}`, async () => {
        const get = answer(200, { "content-type": `${indexType}; charset=utf-8` }, body);
        const registry = await registryThat((request, response) =>
          (request.method === "HEAD" ? head : get)(request, response),
        );
        expect(await ask(registry)).to.equal(hash);
        expect(registry.lines).to.deep.equal([`HEAD ${path}`, `GET ${path}`]);
      });
    }

    it("is none of what is no manifest, or too large for one", async () => {
      const page = await registryThat(answer(200, { "content-type": "text/html" }, "<h1>Log in</h1>"));
      expect(await failing(ask(page)))
        .to.be.instanceOf(RegistryAway)
        .and.include({ costsTime: false });
      const large = "x".repeat(4 * 1024 * 1024 + 1);
      const flood = await registryThat(answer(200, { "content-type": indexType }, large));
      const flooded = await failing(ask(flood));
      expect(flooded).to.be.instanceOf(RegistryAway);
      expect(flooded.message).to.include("4194304 bytes");
    });
  });

  it("is not asked for twice where the registry has enough of it", async () => {
    for (const status of [429, 503]) {
      const registry = await registryThat(answer(status));
      expect(await failing(ask(registry)))
        .to.be.instanceOf(RegistryAway)
        .and.include({ costsTime: false });
      expect(registry.lines).to.deep.equal([`HEAD ${path}`]);
    }
  });

  const answers: [number, string, RegistryRefusal["reason"] | null, string][] = [
    [404, "MANIFEST_UNKNOWN", "NOT_FOUND", "404 MANIFEST_UNKNOWN"],
    [404, "NAME_UNKNOWN", "NOT_FOUND", "404 NAME_UNKNOWN"],
    [404, "PASSWORD_IS_BR3AD", "NOT_FOUND", "404"],
    [403, "DENIED", "REFUSED", "403 DENIED"],
    [401, "UNAUTHORIZED", "REFUSED", "401"],
    [400, "NAME_INVALID", null, "400 NAME_INVALID"],
    [500, "UNKNOWN", null, "500"],
    [502, "?", null, "502"],
  ];
  for (const [status, code, reason, words] of answers) {
    it(`is ${reason ?? "unknown"} after ${status} ${code}`, async () => {
      const registry = await registryThat(error(status, code));
      const thrown = await failing(ask(registry));
      expect(thrown).to.be.instanceOf(reason ? RegistryRefusal : RegistryAway);
      expect((thrown as RegistryRefusal).reason).to.equal(reason ?? undefined);
      expect(thrown.message).to.equal(`${registry.address} answers ${words}`);
    });
  }

  it("is not asked for by a name that would be another address", async () => {
    const names: [string, string][] = [
      ["user@ghcr.io", "shop"],
      ["https:", "/ghcr.io/shop"],
      ["ghcr.io?x=", "shop"],
      ["ghcr.io:99999", "shop"],
      ["ghcr.io", "../admin/shop"],
      ["ghcr.io", "acme//shop"],
      ["ghcr.io", "acme/shop?x"],
      ["ghcr.io", "Acme/shop"],
    ];
    for (const [registry, of] of names) {
      const thrown = await failing(digestOf({ registry, path: of, tag: "1" }, null, never));
      expect(thrown, `${registry} ${of}`).to.include({ reason: "MALFORMED" });
    }
  });

  it("says who cannot be reached, and ends when it is not wanted any more", async () => {
    const gone = await ScriptedRegistry.open(answer(200));
    await gone.close();
    const thrown = await failing(ask(gone));
    expect(thrown).to.be.instanceOf(RegistryAway).and.include({ costsTime: true });
    expect(thrown.message).to.equal(`${gone.address} cannot be reached (ECONNREFUSED)`);
    const cut = await registryThat((_request, response) => void response.destroy());
    expect(await failing(ask(cut))).to.be.instanceOf(RegistryAway);
    const controller = new AbortController();
    const reason = new Error("cancelled");
    const silent = await registryThat(() => controller.abort(reason));
    expect(await failing(ask(silent, null, controller.signal))).to.equal(reason);
    const half = new AbortController();
    const stalled = await registryThat((request, response) => {
      response.writeHead(200, { "content-type": indexType });
      if (request.method === "HEAD") {
        response.end();
      } else {
        response.write("{", () => half.abort(reason));
      }
    });
    expect(await failing(ask(stalled, null, half.signal))).to.equal(reason);
  });

  describe("behind a password", () => {
    const guarded: Script = (request, response) => {
      const isOpen = request.headers.authorization === basic;
      // Both as CNCF Distribution with htpasswd has them.
      const closed = error(401, "UNAUTHORIZED", { "www-authenticate": 'Basic realm="test"' });
      (isOpen ? manifest() : closed)(request, response);
    };

    it("is told to who knows it, when asked for it", async () => {
      const registry = await registryThat(guarded);
      expect(await ask(registry, credential)).to.equal(digest("1"));
      expect(registry.asked.map(({ authorization }) => authorization)).to.deep.equal([undefined, basic]);
    });

    it("is refused to anybody else", async () => {
      const registry = await registryThat(guarded);
      for (const given of [null, { ...credential, password: "n0t-it" }]) {
        const thrown = await failing(ask(registry, given));
        expect(thrown).to.include({ reason: "REFUSED" });
        expect(thrown.message).not.to.include("n0t-it");
      }
    });
  });

  describe("behind a token", () => {
    const challenge = (realm: string, more = "") => ({
      "www-authenticate": `Bearer realm="${realm}",service="registry.example",scope="repository:acme/shop:pull"${more}`,
    });
    /** A registry that opens with the token `t0ken`, and its token server. */
    const pair = async (tokenScript: Script) => {
      const tokens = await registryThat(tokenScript);
      const registry = await registryThat((request, response) => {
        const { authorization } = request.headers;
        const isOpen = authorization === "Bearer t0ken";
        const more = authorization ? ',error="insufficient_scope"' : "";
        const closed = error(401, "UNAUTHORIZED", challenge(`http://${tokens.address}/token`, more));
        (isOpen ? manifest() : closed)(request, response);
      });
      return { registry, tokens };
    };
    const query = "service=registry.example&scope=repository%3Aacme%2Fshop%3Apull";

    it("is told to everybody whom the token server gives one", async () => {
      const { registry, tokens } = await pair(answer(200, {}, { token: "t0ken", expires_in: 300 }));
      expect(await ask(registry)).to.equal(digest("1"));
      expect(tokens.lines).to.deep.equal([`GET /token?${query}`]);
      expect(tokens.asked[0]!.authorization).to.equal(undefined);
    });

    it("is told to who has a credential, which the token server alone is shown", async () => {
      const { registry, tokens } = await pair((request, response) => {
        const isRight = request.headers.authorization === basic;
        (isRight ? answer(200, {}, { access_token: "t0ken" }) : answer(401))(request, response);
      });
      expect(await ask(registry, credential)).to.equal(digest("1"));
      expect(tokens.lines).to.deep.equal([`GET /token?${query}&account=baker`]);
      expect(registry.asked.map(({ authorization }) => authorization)).to.deep.equal([
        undefined,
        "Bearer t0ken",
      ]);
      const wrong = await failing(ask(registry, { ...credential, password: "n0t-it" }));
      expect(wrong).to.include({ reason: "REFUSED" });
      expect(wrong.message).to.equal(`${tokens.address} answers 401`);
    });

    it("needs one token for HEAD and GET", async () => {
      const tokens = await registryThat(answer(200, {}, { token: "t0ken" }));
      const registry = await registryThat((request, response) => {
        const isOpen = request.headers.authorization === "Bearer t0ken";
        const closed = error(401, "UNAUTHORIZED", challenge(`http://${tokens.address}/token`));
        (isOpen ? error(404, "MANIFEST_UNKNOWN") : closed)(request, response);
      });
      expect(await failing(ask(registry))).to.include({ reason: "NOT_FOUND" });
      expect(registry.lines).to.deep.equal([`HEAD ${path}`, `HEAD ${path}`, `GET ${path}`]);
      expect(tokens.asked).to.have.length(1);
    });

    it("is refused where the token opens nothing, as on Docker Hub, or there is none, as on GHCR", async () => {
      const hub = await pair(answer(200, {}, { token: "of-nobody" }));
      const thrown = await failing(ask(hub.registry));
      expect(thrown).to.include({ reason: "REFUSED" });
      expect(thrown.message).to.equal(`${hub.registry.address} answers 401 UNAUTHORIZED`);
      for (const status of [401, 403]) {
        const ghcr = await pair(error(status, "DENIED"));
        const denied = await failing(ask(ghcr.registry));
        expect(denied).to.include({ reason: "REFUSED" });
        expect(denied.message).to.equal(`${ghcr.tokens.address} answers ${status} DENIED`);
      }
    });

    it("is unknown where the token server has no clear answer", async () => {
      const unclear: Script[] = [
        answer(429),
        answer(500),
        answer(404),
        answer(200, {}, "no JSON"),
        answer(200, {}, "null"),
        answer(200, {}, { token: 1 }),
        answer(200, {}, { token: "two\nlines" }),
      ];
      for (const script of unclear) {
        const { registry } = await pair(script);
        expect(await failing(ask(registry)))
          .to.be.instanceOf(RegistryAway)
          .and.include({ costsTime: false });
      }
      const gone = await ScriptedRegistry.open(answer(200));
      await gone.close();
      for (const [realm, costsTime] of [
        [`http://${gone.address}/token`, true],
        ["/token", false],
        ["http://auth.example/token", false],
        ["file:///etc/passwd", false],
        [`http://who:ever@${gone.address}/token`, false],
      ] as const) {
        const registry = await registryThat(error(401, "UNAUTHORIZED", challenge(realm)));
        const thrown = await failing(ask(registry, credential));
        expect(thrown, realm).to.be.instanceOf(RegistryAway).and.include({ costsTime });
      }
    });
  });

  describe("elsewhere", () => {
    const to = (address: string, status = 307) => answer(status, { location: `http://${address}${path}` });

    it("is found, without what opened the registry", async () => {
      const storage = await registryThat(manifest());
      const registry = await registryThat((request, response) => {
        const closed = answer(401, { "www-authenticate": "Basic" });
        (request.headers.authorization ? to(storage.address) : closed)(request, response);
      });
      expect(await ask(registry, credential)).to.equal(digest("1"));
      expect(registry.asked.at(-1)!.authorization).to.equal(basic);
      expect(storage.asked.map(({ authorization }) => authorization)).to.deep.equal([undefined]);
    });

    it("is found at the registry itself, with what opened it", async () => {
      const registry = await registryThat((request, response) => {
        const closed = answer(401, { "www-authenticate": "Basic" });
        const moved = request.url === "/moved" ? manifest() : answer(301, { location: "/moved" });
        (request.headers.authorization ? moved : closed)(request, response);
      });
      expect(await ask(registry, credential)).to.equal(digest("1"));
      expect(registry.lines.at(-1)).to.equal("HEAD /moved");
    });

    it("gets no credential, though it asks for one, also not by way of the registry's name", async () => {
      const thief = await registryThat(
        answer(401, { "www-authenticate": 'Basic realm="r", Bearer realm="http://127.0.0.1:1/token"' }),
      );
      const registry = await registryThat(to(thief.address));
      const thrown = await failing(ask(registry, credential));
      expect(thrown).to.be.instanceOf(RegistryAway);
      expect([...thief.asked, ...registry.asked].map(({ authorization }) => authorization)).to.deep.equal([
        undefined,
        undefined,
      ]);
      const tokens = await registryThat(to(thief.address));
      const sending = await registryThat(
        answer(401, { "www-authenticate": `Bearer realm="http://${tokens.address}/token"` }),
      );
      await failing(ask(sending, credential));
      expect(tokens.asked.at(-1)!.authorization).to.equal(basic);
      expect(thief.asked.at(-1)!.authorization).to.equal(undefined);
    });

    it("is not looked for for ever, or where this server must not be sent", async () => {
      const circle = await registryThat(answer(302, { location: path }));
      expect(await failing(ask(circle))).to.be.instanceOf(RegistryAway);
      expect(circle.lines).to.have.length(6);
      const nowhere = await registryThat(answer(302));
      expect(await failing(ask(nowhere))).to.be.instanceOf(RegistryAway);
      const open = await registryThat(answer(302, { location: "http://storage.example/x" }));
      expect((await failing(ask(open))).message).to.equal(
        `${open.address} points at http://storage.example, which is not safe`,
      );
    });
  });
});
