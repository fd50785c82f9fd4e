import type { ContainerHealth } from "../../deployer/container/job.js";
import type { Probe } from "../../domain/recipe-spec.js";
import type { RenderedSpec } from "../../domain/rendered-spec.js";
import { deployerPath, healthFile, portOf, readHealth } from "../engine/deployer.js";
import type { ProbeSpec } from "./api-types.js";

/** How long a node may take to start a program in a container, in seconds. */
const startOfProgram = 10;
/** Of what the deployer says, which is looked at often. */
const ofDeployer = {
  initialDelaySeconds: 0,
  periodSeconds: 1,
  timeoutSeconds: 30,
  successThreshold: 1,
  failureThreshold: 3,
};

/**
 * What the deployer is to find out about an app without a probe: it counts as begun once its first port accepts
 * connections, or it was started where there is none. Its container is there before.
 */
export function healthOf({ readiness, ports }: RenderedSpec): ContainerHealth | null {
  if (readiness) {
    return null;
  }
  const main = portOf(ports, null);
  return {
    file: healthFile,
    probe: main === undefined ? null : { tcp: true, port: main, timeoutMs: 5000 },
    everySeconds: 1,
    delaySeconds: 0,
    settleSeconds: 0,
  };
}

/** @param hasDeployer whether the app is started by the deployer, and its programs have to be, too */
export function readinessOf({ readiness, ports }: RenderedSpec, hasDeployer: boolean): ProbeSpec | undefined {
  if (readiness) {
    return probeOf(readiness, ports, hasDeployer);
  }
  return hasDeployer ? { exec: { command: ["/bin/sh", "-c", readHealth] }, ...ofDeployer } : undefined;
}

export function livenessOf({ liveness, ports }: RenderedSpec, hasDeployer: boolean): ProbeSpec | undefined {
  return liveness ? probeOf(liveness, ports, hasDeployer) : undefined;
}

function probeOf(probe: Probe, ports: RenderedSpec["ports"], hasDeployer: boolean): ProbeSpec {
  const { httpGet, tcp, exec } = probe;
  const timing = {
    initialDelaySeconds: probe.initialDelay,
    periodSeconds: probe.period,
    timeoutSeconds: probe.timeout,
    successThreshold: probe.successThreshold,
    failureThreshold: probe.failureThreshold,
  };
  if (httpGet) {
    const port = portOf(ports, httpGet.port)!;
    return { httpGet: { path: httpGet.path, port, scheme: "HTTP" }, ...timing };
  }
  if (exec) {
    const timeoutMs = probe.timeout * 1000;
    const command = hasDeployer
      ? ["node", deployerPath, "--probe", JSON.stringify({ exec: exec.command, timeoutMs })]
      : exec.command;
    // The deployer keeps to the time itself, once it runs.
    const timeoutSeconds = probe.timeout + (hasDeployer ? startOfProgram : 0);
    return { exec: { command }, ...timing, timeoutSeconds };
  }
  return { tcpSocket: { port: portOf(ports, tcp!.port)! }, ...timing };
}
