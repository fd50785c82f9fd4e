import type { ContainerHealth, ContainerProbe } from "../../deployer/container/job.js";
import type { RenderedSpec } from "../../domain/rendered-spec.js";
import { deployerPath, healthFile, portOf, readHealth } from "../engine/deployer.js";
import type { Healthcheck } from "./engine-types.js";

/** Nanoseconds of a second. */
export const second = 1_000_000_000;

/** How long a node may take to start a probe in a container, in seconds. */
const startOfProbe = 10;

/** Where the launch script lies in a task's container. */
export const launchPath = "/rebake/launch.sh";

/** How the app is begun: by the image as it is, by the deployer, or by a shell that reads secrets first. */
export type Launcher = "none" | "deployer" | "shell";

/** In seconds: for how long reading it may take on a busy node. */
const readPatience = 30;

/**
 * What the deployer is to find out about its app; null where the engine does it. Without a probe the app counts as
 * begun once its first port accepts connections, as everywhere; until then the source may still be installed.
 */
export function healthOf(
  { readiness, ports, rollout }: RenderedSpec,
  launcher: Launcher,
): ContainerHealth | null {
  if (launcher !== "deployer" || readiness?.exec) {
    return null;
  }
  const main = portOf(ports, null);
  const timeoutMs = (readiness?.timeout ?? 5) * 1000;
  const tcp = (port: number) => ({ tcp: true as const, port, timeoutMs });
  const { httpGet, tcp: asked } = readiness ?? {};
  return {
    file: healthFile,
    probe: httpGet
      ? { httpGet: true, port: portOf(ports, httpGet.port)!, path: httpGet.path, timeoutMs }
      : asked
        ? tcp(portOf(ports, asked.port)!)
        : main === undefined
          ? null
          : tcp(main),
    everySeconds: readiness?.period ?? 1,
    delaySeconds: readiness?.initialDelay ?? 0,
    settleSeconds: readiness ? null : rollout.monitor,
  };
}

/**
 * The engine runs healthchecks inside the container: where the deployer is, it makes the request; elsewhere whatever
 * the image has that can. It also runs while the source is fetched and installed, and would end the task: no failure
 * counts before the deadline for that has passed, which the rollout watches itself.
 */
export function healthcheckOf(spec: RenderedSpec, launcher: Launcher): Healthcheck | undefined {
  const { readiness, ports, rollout } = spec;
  if (healthOf(spec, launcher)) {
    return {
      Test: ["CMD-SHELL", readHealth],
      Interval: (readiness?.period ?? 1) * second,
      Timeout: readPatience * second,
      Retries: readiness?.failureThreshold ?? 3,
      StartPeriod: (rollout.deadline + (readiness?.initialDelay ?? 0)) * second,
    };
  }
  if (!readiness) {
    return undefined;
  }
  const { httpGet, tcp, exec, timeout } = readiness;
  return {
    Test: exec
      ? execTest(exec.command, timeout, launcher)
      : [
          "CMD-SHELL",
          httpGet
            ? httpScript(portOf(ports, httpGet.port)!, httpGet.path, timeout)
            : tcpScript(portOf(ports, tcp!.port)!, timeout),
        ],
    Interval: readiness.period * second,
    // Probes that keep to their time by themselves say what they were waiting for. That they have to be started first,
    // on a node that may be busy, is not the app's fault, which would be ended for it.
    Timeout: (timeout + (exec && launcher !== "deployer" ? 1 : startOfProbe)) * second,
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
