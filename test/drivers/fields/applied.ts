import { expect } from "chai";
import type { RenderedSpec } from "../../../src/domain/rendered-spec.js";
import type { Driver } from "../../../src/operations/driver.js";
import { type SpecFields, specOf } from "../bench.js";
import { at, specPaths } from "./spec-paths.js";

const probe = {
  initialDelay: 1,
  period: 2,
  timeout: 3,
  successThreshold: 4,
  failureThreshold: 5,
};
const label = { name: "a", value: "b" };
const port = { name: "http", target: 1, protocol: "UDP", published: 2, preserveClientIp: true } as const;
const variants: Pick<SpecFields, "readiness" | "ports" | "mode">[] = [
  { readiness: { httpGet: { path: "/x", port: "http" } } },
  { readiness: { tcp: { port: "http" } }, mode: "REPLICATED" },
  { readiness: { exec: { command: ["x"] } }, ports: [{ ...port, published: null }] },
];
/** Each field has a value that is not its default in one of them, where one is possible beside the others. */
const specs = variants.map(({ readiness, ports = [port], mode = "GLOBAL" }) =>
  specOf({
    mode,
    image: { prefix: "a", name: "b", tag: "c", pullPolicy: "NEVER", credential: "d" },
    source: {
      ...{ repository: "https://git.example/x", branch: "b", path: "p", credential: "c" },
      commit: "0".repeat(40),
    },
    command: ["a"],
    args: ["b"],
    workingDir: "c",
    ports,
    env: [{ name: "A", value: ["b"] }],
    files: [{ path: "/a", content: ["b"], mode: "0600" }],
    readiness: { ...probe, ...readiness },
    liveness: { ...probe, ...readiness },
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
const set = (path: string): RenderedSpec[] => specs.filter((spec) => at(spec, path) !== "[]");

/** Some of the fields that a driver applies, and some that it does not: so that this is no empty promise. */
export interface Examples {
  applied: string[];
  ignored: string[];
}

/** Fails for a field that a driver applies and that none of its tests covers, or the other way round. */
export function describeApplied(
  title: string,
  project: Driver["project"],
  cases: readonly { covers: string[] }[],
  examples: Examples,
): void {
  describe(title, () => {
    it("are all known here", () => {
      expect(specPaths().filter((path) => set(path).length === 0)).to.deep.equal([]);
    });

    it("each have a test above that reads them back from what runs", () => {
      const applied = specPaths().filter((path) =>
        set(path).some((spec) => at(project(spec).spec, path) === at(spec, path)),
      );
      expect(applied).to.include.members(examples.applied);
      expect(applied).not.to.include.members(examples.ignored);
      const covered = new Set(cases.flatMap(({ covers }) => covers));
      expect(applied.filter((path) => !covered.has(path))).to.deep.equal([]);
      expect([...covered].filter((path) => !applied.includes(path))).to.deep.equal([]);
    });
  });
}
