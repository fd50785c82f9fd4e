import { parseArgs } from "node:util";

export interface DemoOptions {
  stopFirst: boolean;
  port: number | null;
  verbose: boolean;
}

export const usage = `npm run demo [-- --stop-first] [--port N] [--verbose]

  --stop-first  the control: the old one is stopped first; failures are expected
  --port N      port of the API; any free one unless given
  --verbose     print what the server logs`;

/**
 * Reads the command line. npm keeps options that come without \`--\` before them to itself and passes them on
 * as variables, so both ways work.
 * @throws Error that says what is wrong
 */
export function readOptions(args: string[], env: Readonly<Record<string, string | undefined>>): DemoOptions {
  const { values } = parseArgs({
    args,
    options: {
      "stop-first": { type: "boolean", default: env.npm_config_stop_first === "true" },
      port: { type: "string" },
      verbose: { type: "boolean", default: env.npm_config_loglevel === "verbose" },
    },
  });
  return {
    stopFirst: values["stop-first"],
    port: values.port === undefined ? null : portOf(values.port),
    verbose: values.verbose,
  };
}

function portOf(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port < 1 || port > 65_535) {
    throw new Error(`--port is ${JSON.stringify(text)}; it must be a port from 1 to 65535.`);
  }
  return port;
}
