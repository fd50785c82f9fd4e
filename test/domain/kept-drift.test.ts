import { expect } from "chai";
import fc from "fast-check";
import { keptDrift } from "../../src/domain/kept-drift.js";
import { parseSpec } from "../../src/domain/parse-spec.js";
import { render } from "../../src/domain/render.js";
import { isStorable } from "../../src/domain/storable.js";

const spec = {
  ...render(parseSpec({ env: [{ name: "LEVEL", kind: "STATIC", value: "info" }] }), {
    ...{ mode: "REPLICATED", source: null, ports: null, inputs: [], values: [] },
  }),
  env: [
    { name: "LEVEL", value: ["info"] },
    { name: "KEY", value: ["key=", { secret: "v1" }] },
  ],
  files: [{ path: "/etc/app.conf", content: [{ secret: "v1" }], mode: "0644" }],
};
const target = { spec, secrets: new Map([["v1", "s3cr3t"]]) };
const plain = { spec, secrets: new Map<string, string>() };

const text = fc.oneof(fc.string({ unit: "binary", maxLength: 2_000 }), fc.constant("x".repeat(5_000)));
const change = fc.record({
  path: fc.array(fc.oneof(fc.constantFrom("env", "image"), text), { minLength: 1, maxLength: 12 }),
  before: fc.option(text),
  after: fc.option(text),
  secret: fc.boolean(),
});

describe("drift as it is kept", () => {
  it("is the same in whatever order it was found, and kept again", () => {
    fc.assert(
      fc.property(fc.array(change, { maxLength: 20 }), (found) => {
        const kept = keptDrift(found, plain);
        expect(keptDrift([...found].reverse(), plain)).to.deep.equal(kept);
        expect(keptDrift(kept ?? [], plain)).to.deep.equal(kept);
      }),
    );
  });

  it("is there exactly when there are changes, storable, of bounded length, and shows nothing of a secret field", () => {
    fc.assert(
      fc.property(fc.array(change, { maxLength: 20 }), (found) => {
        const kept = keptDrift(found, plain);
        expect(kept?.length ?? 0).to.equal(found.length);
        for (const { path, before, after, secret } of kept ?? []) {
          const texts = [...path, before ?? "", after ?? ""];
          expect(texts.every((each) => isStorable(each) && each.length <= 1_000)).to.equal(true);
          expect(path.length).to.be.at.most(8);
          expect(secret && (before !== null || after !== null)).to.equal(false);
        }
      }),
    );
  });

  it("says how many changes it leaves out", () => {
    const found = Array.from({ length: 130 }, (_, n) => ({
      path: ["labels", `label-${n}`],
      before: null,
      after: "x",
      secret: false,
    }));
    const kept = keptDrift(found, plain)!;
    expect(kept).to.have.length(101);
    expect(kept.at(-1)).to.deep.equal({ path: ["…"], before: null, after: "30 more fields", secret: false });
  });

  it("hides what is secret by the spec, or shows a secret anywhere, whatever the driver says", () => {
    const shown = (path: string[], before: string | null, after: string | null) =>
      keptDrift([{ path, before, after, secret: false }], target)![0]!;
    expect(shown(["env", "KEY"], "a", "b")).to.deep.include({ before: null, after: null, secret: true });
    expect(shown(["files", "/etc/app.conf", "content"], "a", null)).to.include({
      before: null,
      secret: true,
    });
    expect(shown(["args"], "--key=s3cr3t", "none")).to.include({ before: null, after: null, secret: true });
    expect(shown(["env", "LEVEL"], "info", "debug")).to.include({ after: "debug", secret: false });
  });
});
