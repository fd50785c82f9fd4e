import { expect } from "chai";
import type Docker from "dockerode";
import type { EngineService, EngineTask } from "../../../src/drivers/swarm/engine-types.js";
import { engineName, labels, scopeOf } from "../../../src/drivers/swarm/names.js";
import type { ServiceRef, Target } from "../../../src/operations/driver.js";
import { Recorder } from "../bench.js";
import { EngineTrial } from "../trial.js";
import type { Lab } from "./lab.js";

export type { Fields } from "../trial.js";

/** Does nothing, and ends at once when it is told to. */
export const idle = ["sh", "-c", "trap 'exit 0' TERM; while :; do sleep 1000 & wait $!; done"];
const rollout = { monitor: 0, deadline: 60, drain: 1 };

/** What one case does, with services in an environment of its own. */
export class Trial extends EngineTrial {
  readonly installation: string;

  constructor(readonly lab: Lab) {
    super(() => ({ driver: lab.driver, image: lab.node, command: idle, rollout }));
    this.installation = lab.installation;
  }

  async clear(): Promise<void> {
    for (const { ref, driver } of this.services.splice(0)) {
      await driver.remove(ref, new Recorder());
    }
    await this.closeAll();
    await this.removeVolumes();
  }

  /** What is called like that in this environment, e.g. `dev-1a2b3c_data`. */
  scoped(name: string): string {
    return `${scopeOf(this.installation, { environment: "DEV", environmentId: this.environmentId })}_${name}`;
  }

  name(ref: ServiceRef): string {
    return engineName(this.installation, ref);
  }

  /** As the engine has it. */
  async service(ref: ServiceRef): Promise<EngineService> {
    return (await this.lab.docker.getService(this.name(ref)).inspect()) as EngineService;
  }

  /** All that the engine remembers, oldest first. */
  async tasks(ref: ServiceRef): Promise<EngineTask[]> {
    const filters = JSON.stringify({ service: [this.name(ref)] });
    const tasks = (await this.lab.docker.listTasks({ filters })) as EngineTask[];
    return tasks.sort((a, b) => (a.CreatedAt < b.CreatedAt ? -1 : 1));
  }

  /** Ids of its containers. */
  protected async lives(ref: ServiceRef): Promise<string[]> {
    return (await this.containers(ref)).map(({ Id }) => Id);
  }

  /** What became of its tasks. */
  protected async story(ref: ServiceRef): Promise<string> {
    const tasks = await this.tasks(ref).catch(() => []);
    const lines = tasks.map(({ ID, CreatedAt, DesiredState, Status }) =>
      [ID, CreatedAt, Status.State, Status.Timestamp, DesiredState, Status.Err].join(" "),
    );
    return `tasks:\n${lines.join("\n")}\n`;
  }

  /** Those that run of a service, in the order of their replicas. */
  async containers(ref: ServiceRef): Promise<Docker.ContainerInspectInfo[]> {
    return this.labelled([`com.docker.swarm.service.name=${this.name(ref)}`]);
  }

  /** Those that run and have all of these labels. */
  async labelled(label: string[]): Promise<Docker.ContainerInspectInfo[]> {
    const filters = { label, status: ["running"] };
    const found = await this.lab.docker.listContainers({ filters: JSON.stringify(filters) });
    const all = await Promise.all(found.map(({ Id }) => this.lab.docker.getContainer(Id).inspect()));
    return all.sort((a, b) => (a.Name < b.Name ? -1 : 1));
  }

  /** The only one that runs. */
  async container({ ref }: Pick<Target, "ref">): Promise<Docker.ContainerInspectInfo> {
    const found = await this.containers(ref);
    expect(found, "containers").to.have.length(1);
    return found[0]!;
  }

  /** What a program that must work prints in the only container. */
  async run(target: Pick<Target, "ref">, ...argv: string[]): Promise<string> {
    const { Id } = await this.container(target);
    const { code, out } = await this.lab.exec(Id, argv);
    expect(code, out).to.equal(0);
    return out;
  }

  /** Exit code and output of a program in the only container. */
  async attempt(target: Pick<Target, "ref">, ...argv: string[]): Promise<{ code: number; out: string }> {
    return this.lab.exec((await this.container(target)).Id, argv);
  }

  /** Variables of the app itself, in the only container or in one of several. */
  async environment(target: Pick<Target, "ref">, container?: string): Promise<Map<string, string>> {
    const { out } = await this.lab.exec(container ?? (await this.container(target)).Id, [
      "cat",
      "/proc/1/environ",
    ]);
    const entries = out.split("\0").filter((entry) => entry !== "");
    return new Map(
      entries.map((entry) => [entry.slice(0, entry.indexOf("=")), entry.slice(entry.indexOf("=") + 1)]),
    );
  }

  /** What the engine has of this environment, as `kind name`; containers may still be ending. */
  async remains(environmentId = this.environmentId): Promise<string[]> {
    const { docker } = this.lab;
    const filters = { label: [`${labels.environmentId}=${environmentId}`] };
    const asked = { filters: JSON.stringify(filters) };
    type Found = { Name?: string; Spec?: { Name?: string } };
    const lists: [string, Promise<unknown>][] = [
      ["service", docker.listServices(asked)],
      ["config", docker.listConfigs({ filters })],
      ["secret", docker.listSecrets({ filters } as object)],
      ["network", docker.listNetworks(asked as object)],
      ["volume", docker.listVolumes({ filters } as object).then(({ Volumes }) => Volumes)],
    ];
    const found = await Promise.all(
      lists.map(async ([kind, list]) =>
        ((await list) as Found[]).map(({ Name, Spec }) => `${kind} ${Name ?? Spec?.Name}`),
      ),
    );
    return found.flat().sort();
  }

  /** Nodes give up networks a moment after the swarm did. */
  async expectNothingLeft(environmentId = this.environmentId, but: string[] = []): Promise<void> {
    let left: string[] = [];
    await this.until(
      "nothing is left",
      async () => {
        const all = await this.remains(environmentId);
        left = all.filter((one) => !but.includes(one.split(" ")[0]!));
        return left.length === 0;
      },
      10,
    ).catch(() => expect(left).to.deep.equal([]));
  }

  /** Data outlives services: it is the test's to remove. Containers that have just ended still hold it. */
  async removeVolumes(environmentId = this.environmentId): Promise<void> {
    const remains = await this.remains(environmentId);
    for (const volume of remains.filter((one) => one.startsWith("volume "))) {
      const name = volume.slice("volume ".length);
      await this.until(`${name} can be removed`, () =>
        this.lab.docker
          .getVolume(name)
          .remove()
          .then(
            () => true,
            () => false,
          ),
      );
    }
  }
}
