import { readFileSync } from "node:fs";
import { expect } from "chai";
import { causeCodes, requestErrorCodes, startErrorCodes, userErrorCodes } from "../src/errors.js";
import { sourceFiles } from "./support/sources.js";

/** By the headings of docs/errors.md. */
const kinds: Record<string, Record<string, string>> = {
  "In a mutation's `errors`": userErrorCodes,
  "Ending a request": requestErrorCodes,
  "Why an operation did not succeed": causeCodes,
  "Why the server did not start": startErrorCodes,
};

function documented(): Record<string, Record<string, string>> {
  const sections = readFileSync("docs/errors.md", "utf8").split(/^## /m).slice(1);
  return Object.fromEntries(
    sections.map((section) => {
      const rows = [...section.matchAll(/^\| `([A-Z_]+)` +\| (.*?) +\|$/gm)];
      return [section.split("\n")[0]!, Object.fromEntries(rows.map(([, code, text]) => [code!, text!]))];
    }),
  );
}

describe("errors", () => {
  it("are documented with the same sentence, and no other is", () => {
    expect(documented()).to.deep.equal(kinds);
  });

  for (const [kind, codes] of Object.entries(kinds)) {
    it(`are all used: ${kind}`, () => {
      const text = sourceFiles("src")
        .filter(({ path }) => path !== "src/errors.ts")
        .map((file) => file.text)
        .join("\n");
      expect(Object.keys(codes).filter((code) => !text.includes(`"${code}"`))).to.deep.equal([]);
    });
  }
});
