import { join } from "node:path";
import { expect } from "chai";
import { runDemo } from "../../demo/run.js";
import { Screen } from "../../demo/screen.js";
import { tempFolder } from "../support/temp-folder.js";

describe("the demo", function () {
  this.timeout(240_000);
  const folder = tempFolder();

  async function run(stopFirst: boolean): Promise<{ ok: boolean; printed: string }> {
    let printed = "";
    const out = {
      write: (text: string) => {
        printed += text;
      },
    };
    const ok = await runDemo({
      home: join(folder.path, "home"),
      screen: new Screen(out, {}),
      options: { stopFirst, port: null, verbose: false },
      signal: new AbortController().signal,
    });
    return { ok, printed };
  }

  it("bumps and rebuilds under load and nothing fails", async () => {
    const { ok, printed } = await run(false);
    expect(ok, printed).to.equal(true);
    expect(printed).to.contain("0 failed").and.to.contain("SHOP_GREETING").and.to.contain("SUCCEEDED");
  });

  it("reports failures when the old one is stopped first: the control", async () => {
    const { ok, printed } = await run(true);
    expect(ok, printed).to.equal(false);
    expect(/✗ (\d+) failed/.exec(printed)?.[1] ?? "0", printed).not.to.equal("0");
  });
});
