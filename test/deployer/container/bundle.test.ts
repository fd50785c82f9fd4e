import { readFileSync } from "node:fs";
import { expect } from "chai";
import { containerBundle } from "../../../src/deployer/container-bundle.js";

describe("the bundle for containers", () => {
  it("is one small file that needs nothing but Node", () => {
    const { text } = containerBundle();
    const imports = [...text.matchAll(/(?:from |import\(|import )"([^"]+)"/g)].map(([, name]) => name!);
    expect(imports).to.include("node:child_process");
    expect(imports.filter((name) => !name.startsWith("node:"))).to.deep.equal([]);
    // An engine takes 500 KB for a config, and that in base64.
    expect(text.length).to.be.lessThan(60_000);
  });

  it("has a path, its text and a hash of it", () => {
    const { path, text, hash } = containerBundle();
    expect(readFileSync(path, "utf8")).to.equal(text);
    expect(hash).to.match(/^[0-9a-f]{64}$/);
    expect(containerBundle()).to.equal(containerBundle());
  });
});
