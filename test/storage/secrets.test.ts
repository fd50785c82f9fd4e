import { randomBytes } from "node:crypto";
import { readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import fc from "fast-check";
import { openSecretBox, type SecretBox } from "../../src/storage/secrets.js";
import { tempFolder } from "../support/temp-folder.js";

describe("secrets", () => {
  const home = tempFolder();
  let box: SecretBox;
  let other: SecretBox;

  before(async () => {
    box = await openSecretBox({ home: "/nowhere", key: randomBytes(32) });
    other = await openSecretBox({ home: "/nowhere", key: randomBytes(32) });
  });

  const text = fc.string({ unit: "binary", maxLength: 300 });

  it("gives back what was put in, for the same context only", () => {
    fc.assert(
      fc.property(text, text, text, (plaintext, context, strange) => {
        const envelope = box.encrypt(plaintext, context);
        expect(box.decrypt(envelope, context)).to.equal(plaintext);
        fc.pre(strange !== context);
        expect(() => box.decrypt(envelope, strange)).to.throw();
      }),
    );
  });

  it("notices any changed bit, any cut and a wrong key", () => {
    fc.assert(
      fc.property(text, fc.nat(), fc.nat(7), (plaintext, at, bit) => {
        const envelope = box.encrypt(plaintext, "c");
        const changed = Buffer.from(envelope);
        changed[at % changed.length]! ^= 1 << bit;
        expect(() => box.decrypt(changed, "c")).to.throw();
        expect(() => box.decrypt(envelope.subarray(0, at % envelope.length), "c")).to.throw();
        expect(() => other.decrypt(envelope, "c")).to.throw();
      }),
    );
  });

  it("never makes the same envelope twice and shows no plaintext", () => {
    const envelopes = Array.from({ length: 100 }, () => box.encrypt("hunter2hunter2", "c"));
    expect(new Set(envelopes.map((each) => each.toString("hex"))).size).to.equal(100);
    expect(envelopes.some((each) => each.includes("hunter2"))).to.equal(false);
  });

  it("says nothing of the plaintext or the key when it fails", () => {
    const envelope = box.encrypt("hunter2", "service-secret:sv_1");
    expect(() => other.decrypt(envelope, "service-secret:sv_1")).to.throw(
      "the secret service-secret:sv_1 cannot be decrypted: changed, or made with another key",
    );
  });

  it("knows at start whether the key is the right one", () => {
    const check = box.makeCheck();
    box.verify(check);
    expect(() => other.verify(check))
      .to.throw("does not open")
      .with.property("code", "SECRET_KEY_WRONG");
  });

  it("makes a key file that only its owner can read, once", async () => {
    const opened = await Promise.all(
      Array.from({ length: 8 }, () => openSecretBox({ home: home.path, key: null })),
    );
    const envelope = opened[0]!.encrypt("x", "c");
    expect(opened.map((each) => each.decrypt(envelope, "c"))).to.deep.equal(Array(8).fill("x"));
    expect((await stat(join(home.path, "secret.key"))).mode & 0o777).to.equal(0o600);
    expect(await readdir(home.path)).to.deep.equal(["secret.key"]);
    const key = Buffer.from(await readFile(join(home.path, "secret.key"), "utf8"), "base64");
    const again = await openSecretBox({ home: "/nowhere", key });
    expect(again.decrypt(envelope, "c")).to.equal("x");
  });

  it("refuses a file that holds no key", async () => {
    const file = join(home.path, "secret.key");
    await rm(file, { force: true });
    await writeFile(file, "oops\n");
    const error = await openSecretBox({ home: home.path, key: null }).catch((error) => error);
    expect(error).to.have.property("code", "SECRET_KEY_WRONG");
    expect(error.message).to.include(file).and.not.to.include("oops");
  });
});
