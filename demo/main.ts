import { fileURLToPath } from "node:url";
import { type DemoOptions, readOptions, usage } from "./options.js";
import { runDemo } from "./run.js";
import { Screen } from "./screen.js";

// From dist/demo to the project.
const home = fileURLToPath(new URL("../../.rebake-demo", import.meta.url));

/** Ctrl-C, said the way the shell says it. */
class Interrupted extends Error {
  constructor(readonly exitCode: number) {
    super("Interrupted; the server is stopped.");
  }
}

async function main(): Promise<number> {
  const screen = new Screen(process.stdout, process.env);
  const interrupt = new AbortController();
  const numbers = { SIGINT: 2, SIGTERM: 15, SIGHUP: 1 } as const;
  for (const [signal, number] of Object.entries(numbers)) {
    process.on(signal, () => interrupt.abort(new Interrupted(128 + number)));
  }
  try {
    const ok = await runDemo({ home, screen, options: options(), signal: interrupt.signal });
    return ok ? 0 : 1;
  } catch (error) {
    // Whatever was interrupted may have said so first, in its own words.
    const cause = interrupt.signal.aborted ? interrupt.signal.reason : error;
    screen.say((cause as Error).message);
    return cause instanceof Interrupted ? cause.exitCode : 1;
  }
}

function options(): DemoOptions {
  try {
    return readOptions(process.argv.slice(2), process.env);
  } catch (error) {
    throw new Error(`${(error as Error).message}\n\n${usage}`);
  }
}

// What still hangs in flight must not keep the terminal.
process.exit(await main());
