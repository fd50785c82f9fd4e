import { expect } from "chai";
import fc from "fast-check";
import { downtime, project } from "../../../src/drivers/kubernetes/project.js";
import { isLabelValue, isQualifiedName } from "../../../src/drivers/kubernetes/qualified-names.js";
import { type SpecFields, specOf } from "../bench.js";
import { anySpec } from "../spec-arbitraries.js";
import { source } from "./spec-arbitraries.js";

const probe = { httpGet: {}, tcp: null, exec: null };
const ports = [{ name: "http", target: 80 }];

const ignored: [what: string, fields: SpecFields, names: string[]][] = [
  ["networks", { networks: ["back"] }, ["networks"]],
  ["restarts that stop", { restart: { condition: "ON_FAILURE", maxAttempts: null } }, ["restart"]],
  ["restarts that are counted", { restart: { condition: "ALWAYS", maxAttempts: 3 } }, ["restart"]],
  ["restarts as they are anyway", { restart: { condition: "ALWAYS" } }, []],
  [
    "a liveness probe that has to pass twice",
    { ports, liveness: { ...probe, successThreshold: 2 } },
    ["liveness.successThreshold"],
  ],
  ["a readiness probe that has to pass twice", { ports, readiness: { ...probe, successThreshold: 2 } }, []],
  ["no address of its own", { ports, endpointMode: "DNSRR" }, []],
  [
    "no address of its own, and one for a published port",
    { ports: [{ ...ports[0]!, published: 8080 }], endpointMode: "DNSRR" },
    ["endpointMode"],
  ],
  ["a folder of the image", { workingDir: "srv" }, ["workingDir"]],
  ["a whole path of the image", { workingDir: "/srv" }, []],
  ["a folder of the source", { source, workingDir: "srv" }, []],
  [
    "how many nodes are updated at a time",
    { mode: "GLOBAL", rollout: { parallelism: 2 } },
    ["rollout.parallelism"],
  ],
  ["the usual one of one on each node", { mode: "GLOBAL", rollout: { parallelism: 1 } }, []],
  ["how many are updated at a time", { rollout: { parallelism: 2 } }, []],
  ["placement of another engine", { placement: ["a b c", "disk=ssd"] }, ["placement"]],
  ["placement that only a swarm has", { placement: ["node.role == worker"] }, ["placement"]],
  [
    "labels that the API does not take",
    {
      labels: [
        { name: "a", value: "b c" },
        { name: "b/c/d", value: "x" },
        { name: "ok", value: "" },
      ],
    },
    ["labels.a", "labels.b/c/d"],
  ],
  [
    "labels that are Rebake's",
    { labels: [{ name: "rebake/service-id", value: "x" }] },
    ["labels.rebake/service-id"],
  ],
  [
    "annotations that the API does not take",
    {
      annotations: [
        { name: "a b", value: "" },
        { name: "rebake/x", value: "" },
        { name: "ok", value: "any thing" },
      ],
    },
    ["annotations.a b", "annotations.rebake/x"],
  ],
];

describe("what a recipe comes down to on Kubernetes", () => {
  for (const [what, fields, names] of ignored) {
    it(`${names.length > 0 ? `names ${names.join(", ")} of` : "has"} ${what}`, () => {
      expect(project(specOf(fields)).ignored).to.deep.equal(names);
    });
  }

  it("is the same when it is projected again, and nothing is ignored of that", () => {
    fc.assert(
      fc.property(anySpec, (spec) => {
        const once = project(spec);
        expect(project(once.spec)).to.deep.equal({ spec: once.spec, ignored: [] });
        expect(once.ignored).to.deep.equal([...once.ignored].sort());
        if (once.ignored.length === 0) {
          expect(once.spec).to.deep.equal(spec);
        }
      }),
    );
  });

  it("has only labels and annotations that the API takes", () => {
    const text = fc.string({
      unit: fc.constantFrom("a", "B", ".", "-", "_", "/", " ", "rebake/"),
      minLength: 1,
      maxLength: 8,
    });
    const entries = fc.uniqueArray(fc.record({ name: text, value: text }), { selector: ({ name }) => name });
    fc.assert(
      fc.property(entries, entries, (labels, annotations) => {
        const { spec } = project({ ...specOf({}), labels, annotations });
        expect(spec.labels.every((one) => isQualifiedName(one.name) && isLabelValue(one.value))).to.equal(
          true,
        );
        expect(spec.annotations.every((one) => isQualifiedName(one.name))).to.equal(true);
        expect([...spec.labels, ...spec.annotations].some(({ name }) => name.startsWith("rebake/"))).to.equal(
          false,
        );
      }),
    );
  });
});

describe("downtime on Kubernetes", () => {
  const next = (fields: SpecFields, daemonSurge = false) =>
    downtime(project(specOf(fields)).spec, { daemonSurge });

  it("is none where the old and the new can be there together", () => {
    expect(next({})).to.equal(null);
    expect(next({ volumes: [{ source: "a", target: "/a", readOnly: true }] })).to.equal(null);
    expect(next({ volumes: [{ source: "a", target: "/a", shared: true }] })).to.equal(null);
  });

  it("is said with its reason", () => {
    expect(next({ rollout: { order: "STOP_FIRST" } })).to.include("STOP_FIRST");
    expect(next({ volumes: [{ source: "data", target: "/a" }] })).to.include("Volume data is written to");
    expect(next({ mode: "GLOBAL" })).to.include("node by node");
  });

  it("is none on each node where the cluster starts the new one first, unless there is another reason", () => {
    expect(next({ mode: "GLOBAL" }, true)).to.equal(null);
    expect(next({ mode: "GLOBAL", rollout: { order: "STOP_FIRST" } }, true)).to.include("STOP_FIRST");
    expect(next({ mode: "GLOBAL", volumes: [{ source: "data", target: "/a" }] }, true)).to.include("data");
  });
});
