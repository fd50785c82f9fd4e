import { setTimeout as wait } from "node:timers/promises";
import Docker from "dockerode";
import { bump } from "./dashboard.js";
import { eventually } from "./eventually.js";
import { rebuild, serviceNamed, verdictOf } from "./operations.js";
import { RebakeProcess } from "./rebake-process.js";

/** A real engine in Swarm mode; undefined where this machine has none. */
export const swarmHost = process.env.TEST_SWARM_DOCKER_HOST;
const registry = process.env.TEST_REGISTRY ?? "127.0.0.1:5000";
/** Where containers reach this host. */
const hostAddress = process.env.TEST_HOST_ADDRESS ?? "172.17.0.1";

/** Starting containers and installing takes its time on a busy machine. In milliseconds. */
export const swarmPatience = 180_000;

/** What a server needs to be told to install DASHBOARD on that engine. */
export const swarmInstall: Record<string, string> = {
  HOST: hostAddress,
  REBAKE_INSTALL: "examples",
  REBAKE_INSTALL_DRIVER: "SWARM",
  REBAKE_SWARM_HOST: swarmHost ?? "",
  REBAKE_INSTALL_IMAGE_PREFIX: `${registry}/library`,
};

/** Names of all that the engine has of an environment, and of what runs of it. */
export async function remainsOf(environmentId: string): Promise<string[]> {
  // Its types know neither filters as text nor all that is listed.
  const docker: any = engine();
  const filters = JSON.stringify({ label: [`rebake.environment-id=${environmentId}`] });
  const [services, containers, configs, secrets, networks, volumes] = await Promise.all([
    docker.listServices({ filters }),
    docker.listContainers({ all: true, filters }),
    docker.listConfigs({ filters }),
    docker.listSecrets({ filters }),
    docker.listNetworks({ filters }),
    docker.listVolumes({ filters }),
  ]);
  const named = (kind: string, all: any[], nameOf: (one: any) => string) =>
    all.map((one) => `${kind} ${nameOf(one)}`);
  return [
    ...named("service", services, ({ Spec }) => Spec.Name),
    ...named("container", containers, ({ Names }) => Names[0]),
    ...named("config", configs, ({ Spec }) => Spec.Name),
    ...named("secret", secrets, ({ Spec }) => Spec.Name),
    ...named("network", networks, ({ Name }) => Name),
    ...named("volume", volumes.Volumes ?? [], ({ Name }) => Name),
  ];
}

/** Removes from the engine whatever a test that failed has left of an environment. */
export async function sweep(environmentId: string): Promise<void> {
  const docker = engine();
  for (;;) {
    const remains = await remainsOf(environmentId);
    if (remains.length === 0) {
      return;
    }
    for (const line of remains) {
      const [kind, name = ""] = line.split(" ");
      const removed = {
        service: () => docker.getService(name).remove(),
        container: () => Promise.resolve(),
        config: () => docker.getConfig(name).remove(),
        secret: () => docker.getSecret(name).remove(),
        network: () => docker.getNetwork(name).remove(),
        volume: () => docker.getVolume(name).remove(),
      }[kind as "service"]();
      // What is still in use goes the next time.
      await removed.catch(() => undefined);
    }
    await wait(500);
  }
}

function engine(): Docker {
  return new Docker({ socketPath: new URL(swarmHost!).pathname, version: "v1.41" });
}

/** A server that installs DASHBOARD on the engine. */
export async function installOnSwarm(
  home: string,
): Promise<{ rebake: RebakeProcess; environmentId: string }> {
  const rebake = await RebakeProcess.start(home, swarmInstall);
  const { environment } = await rebake.graphql('{ environment(code: "DASHBOARD") { id } }');
  return { rebake, environmentId: environment.id };
}

/**
 * Has the gateway published on its node itself, for kernels without IPVS, where the ingress mesh forwards nothing;
 * returns its address.
 */
export async function openGateway(rebake: RebakeProcess): Promise<string> {
  await bump(rebake, "dashboard-nginx", {
    ports: [{ name: "http", target: 8080, preserveClientIp: true }],
  });
  const { id } = await serviceNamed(rebake, "DASHBOARD", "gateway");
  const verdict = await verdictOf(rebake, await rebuild(rebake, id));
  if (verdict.state !== "SUCCEEDED") {
    throw new Error(`gateway: ${JSON.stringify(verdict)}`);
  }
  const address = await eventually(
    async () => (await serviceNamed(rebake, "DASHBOARD", "gateway")).ports[0]?.address,
  );
  return `http://${address}`;
}
