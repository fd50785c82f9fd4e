import { expect } from "chai";
import { clip, displayWidth, duration, harmless, pad, painter, table } from "../../demo/text.js";

describe("the demo's text", () => {
  it("knows how wide a terminal shows it", () => {
    const widths = {
      "": 0,
      catalog: 7,
      каталог: 7,
      订单: 4,
      주문: 4,
      "e\u0301": 1,
      "👩‍🍳": 2,
      "🥐": 2,
      "1": 1,
      "\x1b[32mok\x1b[39m": 2,
      "→": 1,
    };
    for (const [text, width] of Object.entries(widths)) {
      expect(displayWidth(text), JSON.stringify(text)).to.equal(width);
    }
  });

  it("aligns columns by what one sees", () => {
    const lines = table([
      ["a", "каталог", "x"],
      ["订单", "b", "y"],
    ]);
    expect(lines).to.deep.equal(["a     каталог  x", "订单  b        y"]);
    expect(pad("订", 4, "left")).to.equal("  订");
  });

  it("cuts at a width, between characters", () => {
    expect(clip("каталог", 7)).to.equal("каталог");
    expect(clip("каталог", 4)).to.equal("кат…");
    expect(clip("订单目录", 4)).to.equal("订…");
  });

  it("lets no control character through", () => {
    expect(harmless("a\x1b[2Jb\nc\x7f\x9b")).to.equal("a\\u001b[2Jb\\nc??");
  });

  it("has colours on a terminal only, and not where NO_COLOR is set", () => {
    expect(painter(true, {})("red", "x")).to.equal("\x1b[31mx\x1b[39m");
    expect(painter(true, { NO_COLOR: "" })("red", "x")).to.equal("\x1b[31mx\x1b[39m");
    expect(painter(true, { NO_COLOR: "1" })("red", "x")).to.equal("x");
    expect(painter(true, { TERM: "dumb" })("red", "x")).to.equal("x");
    expect(painter(false, {})("red", "x")).to.equal("x");
  });

  it("writes durations for people", () => {
    expect([40, 9_999, 12_340, 125_000].map(duration)).to.deep.equal([
      "0.04 s",
      "10.00 s",
      "12.3 s",
      "2 min 5 s",
    ]);
  });
});
