import { expect } from "chai";
import { project } from "../../../src/drivers/swarm/project.js";
import { specOf } from "../bench.js";
import { fileFields } from "./fields/files.js";
import { imageFields } from "./fields/images.js";
import { networkFields } from "./fields/network.js";
import { processFields } from "./fields/process.js";
import { readinessFields } from "./fields/readiness.js";
import { runningFields } from "./fields/running.js";
import { sourceFields } from "./fields/source.js";
import { at, specPaths } from "./fields/spec-paths.js";
import { volumeFields } from "./fields/volumes.js";
import { onEngine } from "./lab.js";

const all = [
  // Those that take longest come first.
  ...runningFields,
  ...readinessFields,
  ...sourceFields,
  ...imageFields,
  ...networkFields,
  ...volumeFields,
  ...processFields,
  ...fileFields,
];

onEngine("every field of a recipe, on a Docker engine", (add) => {
  for (const { covers, name, run, lacks } of all) {
    add(`${covers.join(", ")}: ${name}`, run, { lacks });
  }
});

describe("the fields that the Swarm driver applies", () => {
  /** Each field has a value that is not its default, where one is possible beside the others. */
  const probe = {
    initialDelay: 1,
    period: 2,
    timeout: 3,
    successThreshold: 4,
    failureThreshold: 5,
  };
  const label = { name: "a", value: "b" };
  const specs = [
    { httpGet: { path: "/x", port: "http" } },
    { tcp: { port: "http" } },
    { exec: { command: ["x"] } },
  ].map((way) =>
    specOf({
      mode: "GLOBAL",
      image: { prefix: "a", name: "b", tag: "c", pullPolicy: "NEVER", credential: "d" },
      source: {
        ...{ repository: "https://git.example/x", branch: "b", path: "p", credential: "c" },
        commit: "0".repeat(40),
      },
      command: ["a"],
      args: ["b"],
      workingDir: "c",
      ports: [{ name: "http", target: 1, protocol: "UDP", published: 2, preserveClientIp: true }],
      env: [{ name: "A", value: ["b"] }],
      files: [{ path: "/a", content: ["b"], mode: "0600" }],
      readiness: { ...probe, ...way },
      liveness: { ...probe, ...way },
      restart: { condition: "NONE", maxAttempts: 1 },
      resources: { memory: 1 << 24, cpus: 1 },
      volumes: [{ type: "BIND", source: "/a", target: "/b", readOnly: true, shared: true }],
      networks: ["a"],
      labels: [label],
      annotations: [label],
      placement: ["a"],
      endpointMode: "DNSRR",
      serviceAccount: "a",
      rollout: { order: "STOP_FIRST", parallelism: 2, monitor: 3, deadline: 4, drain: 6 },
    }),
  );
  const set = (path: string) => specs.filter((spec) => at(spec, path) !== "[]");

  it("are all known here", () => {
    expect(specPaths().filter((path) => set(path).length === 0)).to.deep.equal([]);
  });

  it("each have a test above that reads them back from what runs", () => {
    const applied = specPaths().filter((path) =>
      set(path).some((spec) => at(project(spec).spec, path) === at(spec, path)),
    );
    expect(applied).to.include.members(["mode", "image.tag", "rollout.drain", "readiness.tcp.port"]);
    expect(applied).not.to.include.members(["serviceAccount", "annotations.name", "liveness.period"]);
    const covered = new Set(all.flatMap(({ covers }) => covers));
    expect(applied.filter((path) => !covered.has(path))).to.deep.equal([]);
    expect([...covered].filter((path) => !applied.includes(path))).to.deep.equal([]);
  });
});
