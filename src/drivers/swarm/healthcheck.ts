import type { ContainerProbe } from "../../deployer/container/job.js";
import type { RenderedSpec } from "../../domain/rendered-spec.js";
import type { Healthcheck } from "./engine-types.js";

/** Nanoseconds of a second. */
export const second = 1_000_000_000;

/** Where deployer and launch script lie in a task's container. */
export const deployerPath = "/rebake/deployer.mjs";
export const launchPath = "/rebake/launch.sh";

/** How the app is begun: by the image as it is, by the deployer, or by a shell that reads secrets first. */
export type Launcher = "none" | "deployer" | "shell";

/**
 * The engine runs healthchecks inside the container: where the deployer is, it makes the request; elsewhere whatever
 * the image has that can. It also runs while the source is fetched and installed, and would end the task: no failure
 * counts before the deadline for that has passed, which the rollout watches itself.
 */
export function healthcheckOf(
  { readiness, ports, rollout }: RenderedSpec,
  launcher: Launcher,
): Healthcheck | undefined {
  if (!readiness) {
    return undefined;
  }
  const portOf = (name: string | null) =>
    (ports.find((port) => (name === null ? port.protocol === "TCP" : port.name === name)) ?? ports[0]!)
      .target;
  const { httpGet, tcp, exec, timeout } = readiness;
  const withDeployer = launcher === "deployer";
  const test = exec
    ? execTest(exec.command, timeout, launcher)
    : requestTest(
        httpGet
          ? { kind: "httpGet", port: portOf(httpGet.port), path: httpGet.path, timeout }
          : { kind: "tcp", port: portOf(tcp!.port), path: "", timeout },
        withDeployer,
      );
  return {
    Test: test,
    Interval: readiness.period * second,
    // A little longer than the probe itself waits, which says what it was waiting for.
    Timeout: (timeout + 1) * second,
    Retries: readiness.failureThreshold,
    StartPeriod: (rollout.deadline + readiness.initialDelay) * second,
  };
}

/** With what the app has: its folder, and variables that are secret. */
function execTest(command: string[], timeout: number, launcher: Launcher): string[] {
  switch (launcher) {
    case "deployer":
      return probeTest({ exec: command, timeoutMs: timeout * 1000 });
    case "shell":
      return ["CMD", "/bin/sh", launchPath, ...command];
    default:
      return ["CMD", ...command];
  }
}

function probeTest(probe: ContainerProbe): string[] {
  return ["CMD", "node", deployerPath, "--probe", JSON.stringify(probe)];
}

interface Request {
  kind: "httpGet" | "tcp";
  port: number;
  path: string;
  /** Seconds. */
  timeout: number;
}

function requestTest({ kind, port, path, timeout }: Request, withDeployer: boolean): string[] {
  if (withDeployer) {
    const asked = { port, timeoutMs: timeout * 1000 };
    return probeTest(kind === "tcp" ? { tcp: true, ...asked } : { httpGet: true, path, ...asked });
  }
  return ["CMD-SHELL", kind === "tcp" ? tcpScript(port, timeout) : httpScript(port, path, timeout)];
}

/** Tries, in this order, what images usually have; each ends the script with its own verdict. */
function httpScript(port: number, path: string, timeout: number): string {
  const url = quote(`http://127.0.0.1:${port}${path}`);
  const node = `require("http").get(process.argv[1],{timeout:${timeout * 1000}},r=>{if(r.statusCode<200||r.statusCode>399){console.log("answered "+r.statusCode);process.exit(1)}process.exit(0)}).on("timeout",()=>process.exit(1)).on("error",e=>{console.log(e.message);process.exit(1)})`;
  const bash = `exec 3<>/dev/tcp/127.0.0.1/${port} && printf "GET %s HTTP/1.0\\r\\nHost: localhost\\r\\n\\r\\n" "$0" >&3 && IFS= read -r line <&3 && case "$line" in HTTP/*" 2"??*|HTTP/*" 3"??*) exit 0;; *) echo "answered $line"; exit 1;; esac`;
  return [
    `if command -v curl >/dev/null 2>&1; then exec curl -gsS -f -o /dev/null --max-time ${timeout} ${url}; fi`,
    `if command -v wget >/dev/null 2>&1; then exec wget -q -O /dev/null -T ${timeout} ${url}; fi`,
    `if command -v node >/dev/null 2>&1; then exec node -e ${quote(node)} ${url}; fi`,
    `if command -v bash >/dev/null 2>&1; then exec timeout ${timeout} bash -c ${quote(bash)} ${quote(path)}; fi`,
    'echo "the image has none of curl, wget, node and bash, with which its readiness could be probed: use an exec probe"; exit 1',
  ].join("\n");
}

function tcpScript(port: number, timeout: number): string {
  const node = `require("net").connect(${port},"127.0.0.1").setTimeout(${timeout * 1000},()=>process.exit(1)).on("connect",()=>process.exit(0)).on("error",()=>{console.log("nothing listens on port ${port}");process.exit(1)})`;
  return [
    `if command -v nc >/dev/null 2>&1; then exec nc -z -w ${timeout} 127.0.0.1 ${port}; fi`,
    `if command -v node >/dev/null 2>&1; then exec node -e ${quote(node)}; fi`,
    `if command -v bash >/dev/null 2>&1; then exec timeout ${timeout} bash -c ': 3<>/dev/tcp/127.0.0.1/${port}'; fi`,
    'echo "the image has none of nc, node and bash, with which its readiness could be probed: use an exec probe"; exit 1',
  ].join("\n");
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
