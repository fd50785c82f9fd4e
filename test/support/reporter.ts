import { appendFileSync } from "node:fs";
import { relative } from "node:path";
import Mocha from "mocha";

/**
 * Mocha's own report, then what failed and was skipped by name, then one line that sums up. Who wants to run again what
 * failed names a file in FAILED_TESTS: a line each, with the test's file, a tab and its whole title.
 */
export default class Reporter extends Mocha.reporters.Spec {
  constructor(runner: Mocha.Runner, options: Mocha.MochaOptions) {
    super(runner, options);
    const failed: string[] = [];
    const skipped: string[] = [];
    runner.on("fail", (test, error) => {
      // The whole of it comes at the end, which a run that is cut off does not see.
      console.log(`      ${firstLine(error)}`);
      failed.push(`${test.fullTitle()}: ${firstLine(error)}`);
      if (process.env.FAILED_TESTS) {
        const file = relative("dist", test.file ?? "").replace(/js$/, "ts");
        appendFileSync(process.env.FAILED_TESTS, `${file}\t${test.fullTitle()}\n`);
      }
    });
    runner.on("pending", (test) => skipped.push(test.fullTitle()));
    runner.once("end", () => {
      for (const title of failed) {
        console.log(`failed: ${title}`);
      }
      for (const title of skipped) {
        console.log(`skipped: ${title}`);
      }
      const { passes, failures, pending } = this.stats;
      console.log(`${passes} passed, ${failures} failed, ${pending} skipped`);
    });
  }
}

function firstLine({ message = "" }: Partial<Error>): string {
  return message.split("\n", 1)[0]!.slice(0, 500);
}
