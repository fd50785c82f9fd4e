import "./temp-folder.js";
import { rm } from "node:fs/promises";
import type { Suite } from "mocha";
import { stopCluster } from "./cluster.js";
import { expectNoLeaks, traces } from "./leaks.js";
import { runFolder } from "./temp-folder.js";

/** Mocha's root hooks: each file cleans up after itself, and the run leaves nothing. */
export const mochaHooks = {
  async beforeAll(this: Mocha.Context): Promise<void> {
    let before = traces();
    for (const suite of topSuites(this.test!.parent!)) {
      // Added now, this hook comes after those that the file itself has.
      suite.afterAll("leaves nothing behind", async () => {
        const known = before;
        await expectNoLeaks(known).finally(() => {
          // What one file left is not held against the next.
          before = traces();
        });
      });
    }
  },

  async afterAll(this: Mocha.Context): Promise<void> {
    this.timeout(120_000);
    await stopCluster();
    await rm(runFolder, { recursive: true, force: true, maxRetries: 10 });
    setTimeout(endStuckRun, 5_000).unref();
  },
};

/** Only runs when something, a timer for example, keeps the process from ending by itself. */
function endStuckRun(): void {
  console.error(`the tests left something active: ${process.getActiveResourcesInfo().join(", ")}`);
  process.exit(1);
}

function topSuites(suite: Suite): Suite[] {
  return suite.root ? suite.suites : topSuites(suite.parent!);
}
