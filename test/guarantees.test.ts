import { existsSync, readFileSync } from "node:fs";
import { expect } from "chai";

/** What the page promises, and the test that is named for it. */
const rows = [
  ...readFileSync("docs/guarantees.md", "utf8").matchAll(/^\| (.+) \| `(test\/\S+)`: (.+) \|$/gm),
].map(([, promise, file, title]) => ({ promise: promise!, file: file!, title: title! }));

/** Titles of a file's tests as patterns: what is put in at run time may be anything. */
function titlesIn(file: string): RegExp[] {
  const source = readFileSync(file, "utf8");
  return [...source.matchAll(/\b(?:it|add)\(\s*(["'`])(.*?)\1,/gs)].map(([, , title]) => {
    const parts = title!.split(/\$\{[^}]*\}/).map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
    return new RegExp(`^${parts.join(".+")}$`);
  });
}

describe("guarantees", () => {
  it("are all told with a test", () => {
    const lines = readFileSync("docs/guarantees.md", "utf8").match(/^\| (?!Promise|---).*$/gm);
    expect(rows).to.have.length(lines!.length);
    expect(rows.length).to.be.greaterThan(25);
  });

  for (const { promise, file, title } of rows) {
    it(`have the test for: ${promise}`, () => {
      expect(existsSync(file), file).to.equal(true);
      const found = titlesIn(file).some((pattern) => pattern.test(title));
      expect(found, `${file} has no test "${title}"`).to.equal(true);
    });
  }
});
