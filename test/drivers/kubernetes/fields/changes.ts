import { expect } from "chai";
import { Scene } from "../../fields/scene.js";
import type { Fields, Trial } from "../trial.js";

/** The containers' part of a Deployment before and after a change; no pods are needed. */
export async function change(trial: Trial, name: string, before: Fields, after: Fields) {
  const none = { replicas: 0, secrets: new Map([["v1", "s3cr3t"]]), commit: "0".repeat(40) };
  const first = await trial.deploy(before, none, trial.ref({ name }));
  const containers = async () => (await trial.deployment(first)).spec!.template.spec!.containers;
  const [one] = await containers();
  await trial.rebuild(first, after, none);
  const [two] = await containers();
  return { one: one!, two: two! };
}

export const ports = [{ name: "http", target: 8080 }];
export const probe = { httpGet: { path: "/", port: null } };

/** What takes the place of something else, where the cluster could keep both. */
export const changeScenes = [
  new Scene((trial: Trial) =>
    change(trial, "http", { ports, liveness: probe }, { ports, liveness: { tcp: {} } }),
  ).shows("liveness.tcp.port", "may take the place of another way", ({ two }) => {
    expect(two.livenessProbe!.httpGet).to.equal(undefined);
    expect(two.livenessProbe!.tcpSocket).to.deep.include({ port: 8080 });
  }),
  new Scene((trial: Trial) =>
    change(
      trial,
      "open",
      { env: [{ name: "A", value: ["open"] }] },
      { env: [{ name: "A", value: [{ secret: "v1" }] }] },
    ),
  ).shows("env.value", "that was open may be secret", ({ two }) => {
    expect(two.env!.find(({ name }) => name === "A")).not.to.have.property("value");
  }),
  new Scene(async (trial: Trial) => {
    const balanced = [{ name: "http", target: 8080, published: 80 }];
    const first = await trial.deploy({ ports: balanced }, { replicas: 0 });
    const second = await trial.rebuild(first, { ports });
    return (await trial.service(second)).spec!;
  }).shows("ports.published", "may be given up", ({ type, ports: found }) => {
    expect(type).to.equal("ClusterIP");
    expect(found!.map(({ port }) => port)).to.deep.equal([8080]);
  }),
  new Scene((trial: Trial) =>
    change(
      trial,
      "volume",
      { volumes: [{ type: "BIND", source: "/dev/shm", target: "/a", readOnly: true }] },
      { volumes: [{ source: "data", target: "/a", readOnly: true }] },
    ),
  ).shows("volumes.type", "may be another one", ({ two }) => {
    expect(two.volumeMounts).to.have.length(1);
  }),
];
