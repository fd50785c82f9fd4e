import { get } from "node:http";
import { connect } from "node:net";
import type { Probe } from "../../domain/recipe-spec.js";
import { type Child, describeExit } from "./child.js";

/** What a probe found. `message` is for people, e.g. `GET /health answered 500`. */
export type ProbeResult =
  | { ok: true; host: string | null }
  | { ok: false; listening: boolean; message: string };

/** Where and how an instance is probed. */
export interface Probed {
  /** Port by the recipe's port name, in the recipe's order. */
  ports: ReadonlyMap<string, number>;
  /** Runs a probe command the way the app itself was started. */
  execute(argv: string[]): Promise<Child>;
}

/** Apps that listen on `localhost` may have chosen either. */
const loopbacks = ["127.0.0.1", "::1"];

/** Tries once. Never throws; takes no longer than the probe's timeout. */
export async function tryProbe(probe: Probe, probed: Probed): Promise<ProbeResult> {
  if (probe.exec) {
    return tryCommand(probe.exec.command, probe.timeout, probed);
  }
  const port = portOf(probe.httpGet?.port ?? probe.tcp?.port ?? null, probed.ports);
  if (port === undefined) {
    return { ok: false, listening: false, message: "the recipe has no such port" };
  }
  return probe.httpGet ? tryHttp(port, probe.httpGet.path, probe.timeout) : tryTcp(port, probe.timeout);
}

/** The port a probe means: the named one, else the first. */
function portOf(name: string | null, ports: ReadonlyMap<string, number>): number | undefined {
  return name === null ? [...ports.values()][0] : ports.get(name);
}

/** Whether something accepts connections; `timeout` in seconds. */
export async function tryTcp(port: number, timeout: number): Promise<ProbeResult> {
  for (const host of loopbacks) {
    if (await accepts(host, port, timeout)) {
      return { ok: true, host };
    }
  }
  return { ok: false, listening: false, message: `nothing accepts connections on port ${port}` };
}

function accepts(host: string, port: number, timeout: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const end = (found: boolean) => {
      socket.destroy();
      resolve(found);
    };
    socket.setTimeout(timeout * 1000, () => end(false));
    socket.once("connect", () => end(true)).once("error", () => end(false));
  });
}

async function tryHttp(port: number, path: string, timeout: number): Promise<ProbeResult> {
  let result = await ask(loopbacks[0]!, port, path, timeout);
  if (!result.ok && !result.listening) {
    result = await ask(loopbacks[1]!, port, path, timeout);
  }
  return result;
}

function ask(host: string, port: number, path: string, timeout: number): Promise<ProbeResult> {
  return new Promise((resolve) => {
    const fail = (message: string, listening = true) => resolve({ ok: false, listening, message });
    const headers = { "user-agent": "rebake-probe" };
    const request = get({
      host,
      port,
      path,
      headers,
      agent: false,
      signal: AbortSignal.timeout(timeout * 1000),
    });
    request.once("response", (response) => {
      const status = response.statusCode ?? 0;
      response.once("error", () => undefined).resume();
      request.destroy();
      if (status >= 200 && status < 400) {
        resolve({ ok: true, host });
      } else {
        fail(`GET ${path} answered ${status}`);
      }
    });
    request.on("error", (error: NodeJS.ErrnoException) => {
      if (error.name === "AbortError" || error.name === "TimeoutError") {
        fail(`GET ${path} was not answered within ${timeout} s`);
      } else if (error.code === "ECONNREFUSED" || error.code === "EADDRNOTAVAIL") {
        fail(`nothing listens on port ${port}`, false);
      } else {
        fail(`GET ${path} failed: ${error.message}`);
      }
    });
  });
}

async function tryCommand(argv: string[], timeout: number, probed: Probed): Promise<ProbeResult> {
  const fail = (message: string): ProbeResult => ({ ok: false, listening: true, message });
  try {
    const child = await probed.execute(argv);
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      child.kill();
    }, timeout * 1000);
    const exit = await child.exited;
    clearTimeout(timer);
    if (late) {
      return fail(`\`${argv[0]}\` did not end within ${timeout} s`);
    }
    const last = exit.lastLines.at(-1);
    const said = last === undefined ? "" : `: ${last.slice(0, 200)}`;
    return exit.code === 0
      ? { ok: true, host: null }
      : fail(`\`${argv[0]}\` ended with ${describeExit(exit)}${said}`);
  } catch (error) {
    return fail((error as Error).message);
  }
}
