import { expect } from "chai";
import { Scene } from "../../fields/scene.js";
import type { Trial } from "../trial.js";
import { change, ports, probe } from "./changes.js";

/** What a recipe gives up. */
export const removalScenes = [
  new Scene((trial: Trial) => change(trial, "readiness", { ports, readiness: probe }, { ports })).shows(
    "readiness.httpGet.path",
    "is not asked any more when the recipe says none",
    ({ two }) => {
      expect(two.readinessProbe).to.equal(undefined);
    },
  ),
  new Scene((trial: Trial) => change(trial, "liveness", { ports, liveness: probe }, { ports })).shows(
    "liveness.httpGet.path",
    "is not asked any more when the recipe says none",
    ({ two }) => {
      expect(two.livenessProbe).to.equal(undefined);
    },
  ),
  new Scene((trial: Trial) => change(trial, "drain", { ports, rollout: { drain: 3 } }, { ports })).shows(
    "rollout.drain",
    "of no seconds takes away the wait before an old one ends",
    ({ one, two }) => {
      expect(one.lifecycle!.preStop).not.to.equal(undefined);
      expect(two.lifecycle?.preStop).to.equal(undefined);
    },
  ),
  new Scene((trial: Trial) =>
    change(
      trial,
      "secret",
      { env: [{ name: "A", value: [{ secret: "v1" }] }] },
      { env: [{ name: "A", value: ["open"] }] },
    ),
  ).shows("env.value", "that was secret may be open", ({ two }) => {
    expect(two.env!.find(({ name }) => name === "A")).to.deep.equal({ name: "A", value: "open" });
  }),
  new Scene((trial: Trial) =>
    change(
      trial,
      "source",
      { ports, rollout: { drain: 3 } },
      { ports, rollout: { drain: 3 }, source: { repository: "https://git.example/a" } },
    ),
  ).shows("source.repository", "may be given to what had none", ({ two }) => {
    expect(two.lifecycle?.preStop).to.equal(undefined);
  }),
  new Scene(async (trial: Trial) => {
    const first = await trial.deploy({ ports, endpointMode: "VIP" }, { replicas: 0 });
    const second = await trial.rebuild(first, { ports, endpointMode: "DNSRR" });
    const headless = (await trial.service(second)).spec!.clusterIP;
    const third = await trial.rebuild(second, { ports });
    return { headless, virtual: (await trial.service(third)).spec!.clusterIP };
  }).shows("endpointMode", "may be another one", ({ headless, virtual }) => {
    expect(headless).to.equal("None");
    expect(virtual).not.to.equal("None");
  }),
];
