import { expect } from "chai";
import { isChosen, Lanes } from "./lanes.js";

describe("cases that run ahead", () => {
  const chosen: [argv: string[], a: boolean, b: boolean][] = [
    [[], true, true],
    [["--grep", "suite (A|C)"], true, false],
    [["--grep=suite (A|C)"], true, false],
    [["-g", "B case"], false, true],
    [["--fgrep", "A case"], true, false],
    [["--grep=suite (A|C)", "--invert"], false, true],
    [["-i", "-g", "B case"], true, false],
  ];
  for (const [argv, a, b] of chosen) {
    it(`are those that mocha runs with ${JSON.stringify(argv)}`, () => {
      expect([isChosen("suite A case", argv), isChosen("suite B case", argv)]).to.deep.equal([a, b]);
    });
  }

  it("are as many at a time as there are lanes, in their order, and each once", async () => {
    let running = 0;
    let most = 0;
    const begun: string[] = [];
    const works = ["a", "b", "c", "d", "e"].map((name) => ({
      name,
      run: async () => {
        begun.push(name);
        most = Math.max(most, ++running);
        await new Promise((resolve) => setImmediate(resolve));
        running -= 1;
      },
    }));
    const lanes = new Lanes(2, works);
    for (const work of works) {
      await lanes.result(work);
    }
    await lanes.settled();
    expect(most).to.equal(2);
    expect(begun).to.deep.equal(["a", "b", "c", "d", "e"]);
  });
});
