import { expect } from "chai";
import {
  imageReference,
  registryOf,
  repositoryOf,
  sameRegistry,
  shortDigest,
} from "../../src/domain/image-reference.js";

const image = (prefix: string | null, name: string) => ({ prefix, name, tag: "1" });

describe("image references", () => {
  it("have a prefix when there is one", () => {
    expect(imageReference(image(null, "node"))).to.equal("node:1");
    expect(imageReference(image("ghcr.io/acme", "shop"))).to.equal("ghcr.io/acme/shop:1");
  });

  const registries: [string | null, string, string][] = [
    [null, "node", "docker.io"],
    [null, "acme/shop", "docker.io"],
    ["acme", "shop", "docker.io"],
    ["docker.io", "shop", "docker.io"],
    ["index.docker.io/acme", "shop", "docker.io"],
    ["ghcr.io/acme", "shop", "ghcr.io"],
    ["GHCR.io", "shop", "ghcr.io"],
    [null, "ghcr.io/acme/shop", "ghcr.io"],
    ["registry:5000", "shop", "registry:5000"],
    ["localhost", "shop", "localhost"],
    ["localhost:5000/a", "shop", "localhost:5000"],
    ["EVIL", "shop", "evil"],
    ["Acme/docker.io", "shop", "acme"],
    ["[fd00::1]:5000", "shop", "[fd00::1]:5000"],
    ["ghcr.io//", "shop", "ghcr.io"],
    ["user@ghcr.io", "shop", "user@ghcr.io"],
    ["https://ghcr.io", "shop", "https:"],
    ["evil.example/ghcr.io", "shop", "evil.example"],
  ];
  for (const [prefix, name, registry] of registries) {
    it(`come from ${registry} for ${prefix ?? "no prefix"} and ${name}`, () => {
      expect(registryOf(image(prefix, name))).to.equal(registry);
    });
  }

  const repositories: [string | null, string, string, string][] = [
    [null, "node", "docker.io", "library/node"],
    ["library", "node", "docker.io", "library/node"],
    ["docker.io", "node", "docker.io", "library/node"],
    ["index.docker.io/library", "node", "docker.io", "library/node"],
    ["Docker.io/acme", "shop", "docker.io", "acme/shop"],
    ["acme", "shop", "docker.io", "acme/shop"],
    ["ghcr.io/acme/", "shop", "ghcr.io", "acme/shop"],
    ["mydocker.io", "shop", "mydocker.io", "shop"],
    ["localhost:5000", "a/b/shop", "localhost:5000", "a/b/shop"],
  ];
  for (const [prefix, name, registry, path] of repositories) {
    it(`are ${path} at ${registry} for ${prefix ?? "no prefix"} and ${name}`, () => {
      expect(repositoryOf(image(prefix, name))).to.deep.equal({ registry, path });
    });
  }

  it("know Docker Hub by all its names, and tell ports apart", () => {
    expect(["docker.io", "index.docker.io", "registry-1.docker.io"].map(sameRegistry)).to.deep.equal([
      "docker.io",
      "docker.io",
      "docker.io",
    ]);
    expect(sameRegistry("Registry.Example:5000")).to.equal("registry.example:5000");
    expect(sameRegistry("registry.example")).not.to.equal(sameRegistry("registry.example:5000"));
  });

  it("show the beginning of a digest", () => {
    expect(shortDigest(`node:1@sha256:${"0123456789abcdef".repeat(4)}`)).to.equal("sha256:0123456789ab");
    expect(shortDigest(`sha256:${"0123456789abcdef".repeat(4)}`)).to.equal("sha256:0123456789ab");
    expect(shortDigest("node:1")).to.equal(null);
  });
});
