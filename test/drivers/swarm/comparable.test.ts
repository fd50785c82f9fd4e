import { expect } from "chai";
import fc from "fast-check";
import { contentOf, differences, isDrifted } from "../../../src/drivers/swarm/comparable.js";
import type { ServiceSpec } from "../../../src/drivers/swarm/engine-types.js";
import { labels } from "../../../src/drivers/swarm/names.js";
import { renderedSpec, serviceSpec } from "./spec-arbitraries.js";

type Path = (string | number)[];

/** Paths of all values that are no objects or lists. */
function leavesOf(value: unknown, path: Path = []): Path[] {
  return typeof value === "object" && value !== null
    ? Object.entries(value).flatMap(([key, inner]) =>
        leavesOf(inner, [...path, Array.isArray(value) ? Number(key) : key]),
      )
    : [path];
}

function changedAt(spec: ServiceSpec, path: Path): ServiceSpec {
  const copy = structuredClone(spec);
  const parent = path.slice(0, -1).reduce<any>((found, key) => found[key], copy);
  const key = path.at(-1)!;
  const old = parent[key];
  parent[key] = typeof old === "number" ? old + 1 : typeof old === "boolean" ? !old : `${old}x`;
  return copy;
}

/** What Rebake alone writes, and what is not part of what runs. */
const own = Object.values<string>(labels);
const isLookedAt = (path: Path) =>
  !(path[0] === "Labels" && own.includes(String(path[1]))) &&
  path[0] !== "Name" &&
  path.at(-1) !== "ForceUpdate";

const reversed = (value: unknown): unknown =>
  Array.isArray(value)
    ? value.map(reversed)
    : typeof value === "object" && value !== null
      ? Object.fromEntries(
          Object.entries(value)
            .reverse()
            .map(([key, inner]) => [key, reversed(inner)]),
        )
      : value;

describe("what an engine has, compared with what was put there", () => {
  it("is the same whatever the order of fields, and what the engine adds", () => {
    fc.assert(
      fc.property(renderedSpec, (spec) => {
        const put = serviceSpec(spec);
        const read = reversed(put) as ServiceSpec;
        const { ContainerSpec } = read.TaskTemplate;
        const found = {
          ...read,
          TaskTemplate: {
            ...read.TaskTemplate,
            ContainerSpec: {
              ...ContainerSpec,
              Isolation: "default",
              DNSConfig: {},
              TTY: false,
              Groups: null,
            },
            ForceUpdate: 3,
            Runtime: "container",
          },
          RollbackConfig: { Parallelism: 1 },
        };
        expect(contentOf(found)).to.equal(contentOf(put));
        expect(differences(put, found)).to.deep.equal([]);
        expect(isDrifted(found)).to.equal(false);
      }),
    );
  });

  it("shows any single value that changed", () => {
    fc.assert(
      fc.property(renderedSpec, fc.nat(), (spec, choice) => {
        const put = serviceSpec(spec);
        const paths = leavesOf(put).filter(isLookedAt);
        const path = paths[choice % paths.length]!;
        const found = changedAt(put, path);
        expect(isDrifted(found), path.join(".")).to.equal(true);
        const changes = differences(put, found);
        // What tells entries of a list apart makes another entry of one.
        expect(changes, path.join(".")).not.to.be.empty;
        expect(differences(found, put)).to.have.length(changes.length);
      }),
      { numRuns: 1_000 },
    );
  });

  it("shows what was added to lists and labels, or taken from them, also what is empty", () => {
    const base = serviceSpec({ env: [{ name: "A", value: ["1"] }], labels: [{ name: "a", value: "" }] });
    const changed = (change: (spec: ServiceSpec) => void) => {
      const found = structuredClone(base);
      change(found);
      expect(contentOf(found)).not.to.equal(contentOf(base));
      return differences(base, found).map(({ path, before, after }) => [path.join("."), before, after]);
    };
    expect(changed(({ Labels }) => delete Labels!.a)).to.deep.equal([["Labels.a", "", null]]);
    expect(changed(({ Labels }) => Object.assign(Labels!, { b: "" }))).to.deep.equal([
      ["Labels.b", null, ""],
    ]);
    expect(
      changed(({ TaskTemplate }) => Object.assign(TaskTemplate.ContainerSpec.Labels!, { b: "" })),
    ).to.deep.equal([["Labels.b", null, ""]]);
    // What somebody else's variables hold may be secret.
    expect(changed(({ TaskTemplate }) => TaskTemplate.ContainerSpec.Env!.push("B=s3cr3t"))).to.deep.equal([
      ["Env.B", null, null],
    ]);
    expect(changed(({ TaskTemplate }) => TaskTemplate.ContainerSpec.Env!.push("EMPTY="))).to.deep.equal([
      ["Env.EMPTY", null, null],
    ]);
    expect(changed(({ TaskTemplate }) => TaskTemplate.ContainerSpec.Env!.push("FOO", "FOX"))).to.have.length(
      2,
    );
    expect(
      changed(({ TaskTemplate }) => {
        const { Env } = TaskTemplate.ContainerSpec;
        Env!.splice(Env!.indexOf("A=1"), 1, "A=2");
      }),
    ).to.deep.equal([["Env.A", "1", "2"]]);
    expect(
      changed(({ TaskTemplate }) => TaskTemplate.Placement!.Constraints!.push("node.role==worker")),
    ).to.deep.equal([["Placement.Constraints.node.role==worker", null, "node.role==worker"]]);
  });

  it("shows how many replicas there are, apart from what they are", () => {
    const put = serviceSpec({});
    const found = { ...put, Mode: { Replicated: { Replicas: 7 } } };
    expect(contentOf(found)).to.equal(contentOf(put));
    expect(isDrifted(found)).to.equal(true);
    expect(differences(put, found)).to.deep.equal([
      { path: ["Replicas"], before: "1", after: "7", secret: false },
    ]);
  });
});
