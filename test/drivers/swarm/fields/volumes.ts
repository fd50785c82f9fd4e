import { expect } from "chai";
import type Docker from "dockerode";
import { downtime } from "../../../../src/drivers/swarm/project.js";
import type { Target } from "../../../../src/operations/driver.js";
import type { Trial } from "../trial.js";
import { type FieldCase, field } from "./field.js";

const mountsOf = async (trial: Trial, target: Target) =>
  (await trial.container(target)).Mounts.map(
    ({ Type, Name, Source, Destination, RW }: Docker.ContainerInspectInfo["Mounts"][number]) => ({
      ...{ type: Type, source: Type === "volume" ? Name : Source, target: Destination, writable: RW },
    }),
  ).sort((a, b) => (a.target < b.target ? -1 : 1));
const write = (file: string, text: string) => ["sh", "-c", 'printf %s "$1" > "$0"', file, text];

/** What is mounted. */
export const volumeFields: FieldCase[] = [
  field(
    "volumes.type volumes.source volumes.target volumes.readOnly",
    "are the environment's own, and keep their data",
    async (trial) => {
      const data = trial.scoped("data");
      const first = await trial.deploy({
        volumes: [
          { source: "data", target: "/data" },
          { source: "more", target: "/srv/{{.Task.ID}} x" },
        ],
      });
      expect(await mountsOf(trial, first)).to.deep.equal([
        { type: "volume", source: data, target: "/data", writable: true },
        { type: "volume", source: trial.scoped("more"), target: "/srv/{{.Task.ID}} x", writable: true },
      ]);
      const { Labels } = await trial.lab.docker.getVolume(data).inspect();
      expect(Labels).to.include({
        "rebake.installation": trial.installation,
        "rebake.environment-id": trial.environmentId,
      });
      await trial.run(first, ...write("/data/kept", "bread"));
      const second = await trial.rebuild(first, {
        volumes: [
          { source: "data", target: "/elsewhere", readOnly: true },
          { source: "new", target: "/data" },
        ],
      });
      expect(await trial.run(second, "cat", "/elsewhere/kept")).to.equal("bread");
      expect((await trial.attempt(second, "cat", "/data/kept")).code).to.equal(1);
      const denied = await trial.attempt(second, ...write("/elsewhere/kept", "stone"));
      expect(denied.out).to.match(/Read-only file system/);
      await trial.remove(second.ref);
      const shared = trial.ref({ name: "billing" });
      const third = await trial.deploy({ volumes: [{ source: "data", target: "/d" }] }, {}, shared);
      expect(await trial.run(third, "cat", "/d/kept")).to.equal("bread");
    },
  ),

  field("volumes.type volumes.source volumes.readOnly", "are folders of the node, too", async (trial) => {
    const bind = (source: string, readOnly: boolean) => [
      { type: "BIND" as const, source, target: "/node", readOnly },
    ];
    const first = await trial.deploy({ volumes: bind("/proc/sys/kernel", true) });
    expect(await mountsOf(trial, first)).to.deep.equal([
      { type: "bind", source: "/proc/sys/kernel", target: "/node", writable: false },
    ]);
    expect(await trial.run(first, "cat", "/node/ostype")).to.equal("Linux\n");
    const second = await trial.rebuild(first, { volumes: bind("/dev/shm", false) });
    expect(await mountsOf(trial, second)).to.deep.equal([
      { type: "bind", source: "/dev/shm", target: "/node", writable: true },
    ]);
    const file = `/node/${trial.environmentId}`;
    await trial.run(second, ...write(file, "x"));
    await trial.run(second, "rm", file);
    const nowhere = trial.target(
      second.ref,
      trial.spec({ volumes: bind(`/nope-${trial.environmentId}`, true) }),
    );
    expect(await trial.fails("ENGINE_REFUSED", second, nowhere)).to.match(/bind source path does not exist/);
  }),

  field("volumes.shared", "lets the new replica begin while the old one still writes", async (trial) => {
    const volumes = (shared: boolean) => [{ source: "data", target: "/data", shared }];
    const first = await trial.deploy({ volumes: volumes(false) });
    expect(downtime(null, first.spec)).to.match(/^Volume data is written to/);
    const overlap = async (old: Target, shared: boolean) => {
      const { Id } = await trial.container(old);
      const next = await trial.rebuild(old, { volumes: volumes(shared) });
      const ended = await trial.lab.docker.getContainer(Id).inspect();
      const overlaps =
        Date.parse(ended.State.FinishedAt) > Date.parse((await trial.container(next)).State.StartedAt);
      return { next, overlaps };
    };
    const exclusive = await overlap(first, false);
    expect(exclusive.overlaps).to.equal(false);
    const shared = await overlap(exclusive.next, true);
    expect(shared.overlaps).to.equal(true);
    expect(downtime(first.spec, shared.next.spec)).to.equal(null);
  }),
];
