import { Agent } from "node:http";
import Docker from "dockerode";
import type { ServiceRef } from "../../../src/operations/driver.js";

interface Labelled {
  Id?: string;
  ID?: string;
  Name?: string;
  Labels?: Record<string, string>;
  Spec?: { Name?: string; Labels?: Record<string, string> };
  State?: string;
}

/** What tests see and do on a Docker engine themselves, past the driver. */
export class Engine {
  private readonly agent = new Agent({ keepAlive: false });
  private readonly docker: Docker;

  /** @param host e.g. `unix:///var/run/docker.sock` or `tcp://127.0.0.1:2375` */
  constructor(host: string) {
    const { protocol, hostname, port, pathname } = new URL(host);
    const at = protocol === "unix:" ? { socketPath: pathname } : { host: hostname, port };
    // Its types know nothing of agents; a kept connection would outlive the test file.
    this.docker = new Docker(Object.assign(at, { agent: this.agent }));
  }

  /** Ids of the containers in which a service runs now. */
  async living(ref: ServiceRef): Promise<string[]> {
    const containers = await this.docker.listContainers();
    return containers.filter((one) => isOf(one, ref.serviceId)).map(({ Id }) => Id.slice(0, 12));
  }

  /**
   * Everything on the engine that bears an id in its labels, e.g. that of a service or an installation: its kind, its
   * id, and of a container its state.
   */
  async bearing(id: string): Promise<string[]> {
    const { docker } = this;
    const kinds: [string, Promise<unknown>][] = [
      ["container", docker.listContainers({ all: true })],
      ["service", docker.listServices()],
      ["config", docker.listConfigs()],
      ["secret", docker.listSecrets()],
      ["network", docker.listNetworks()],
      ["volume", docker.listVolumes().then(({ Volumes }) => Volumes)],
    ];
    const found = await Promise.all(
      kinds.map(async ([kind, listing]) =>
        ((await listing) as Labelled[])
          .filter((one) => isOf(one, id))
          .map((one) => [kind, one.Id ?? one.ID ?? one.Name, one.State ?? []].flat().join(" ")),
      ),
    );
    return found.flat();
  }

  /** Removes something as `bearing` names it. */
  async remove(line: string): Promise<void> {
    const [kind, id] = line.split(" ") as [string, string];
    const { docker } = this;
    const found: Record<string, () => { remove(options?: object): Promise<unknown> }> = {
      container: () => docker.getContainer(id),
      service: () => docker.getService(id),
      config: () => docker.getConfig(id),
      secret: () => docker.getSecret(id),
      network: () => docker.getNetwork(id),
      volume: () => docker.getVolume(id),
    };
    await found[kind]!().remove(kind === "container" ? { force: true } : undefined);
  }

  /** As `docker service update --env-add BY_HAND=1` does. */
  async addVariable(ref: ServiceRef): Promise<void> {
    const service = (await this.docker.listServices()).find((one) => isOf(one as Labelled, ref.serviceId));
    const { Spec, Version } = await this.docker.getService(service!.ID).inspect();
    const container = Spec.TaskTemplate.ContainerSpec;
    container.Env = [...(container.Env ?? []), "BY_HAND=1"];
    await this.docker.getService(service!.ID).update({ ...Spec, version: Version.Index });
  }

  /** A service without replicas that publishes a port on the mesh; returns its name for `remove`. */
  async publish(port: number, image: string): Promise<string> {
    const { id } = await this.docker.createService({
      Name: `rebake-test-squatter-${port}`,
      TaskTemplate: { ContainerSpec: { Image: image } },
      Mode: { Replicated: { Replicas: 0 } },
      EndpointSpec: { Ports: [{ Protocol: "tcp", TargetPort: 80, PublishedPort: port }] },
    } as Docker.CreateServiceOptions);
    return `service ${id}`;
  }
}

function isOf({ Labels, Spec }: Labelled, id: string): boolean {
  return [Labels, Spec?.Labels].some((labels) => Object.values(labels ?? {}).includes(id));
}
