import { expect } from "chai";
import fc from "fast-check";
import { requirementOf } from "../../../src/drivers/kubernetes/placement.js";

const lines: [line: string, key: string, operator: string, values?: string[]][] = [
  ["disk=ssd", "disk", "In", ["ssd"]],
  ["  disk == ssd ", "disk", "In", ["ssd"]],
  ["disk!=ssd", "disk", "NotIn", ["ssd"]],
  ["zone in (a, b)", "zone", "In", ["a", "b"]],
  ["zone notin (a,b)", "zone", "NotIn", ["a", "b"]],
  ["gpu", "gpu", "Exists"],
  ["!spot", "spot", "DoesNotExist"],
  ["example.com/pool = web-1.x_y", "example.com/pool", "In", ["web-1.x_y"]],
  ["node.labels.disk==ssd", "disk", "In", ["ssd"]],
  ["node.hostname != n1", "kubernetes.io/hostname", "NotIn", ["n1"]],
  ["node.platform.os == linux", "kubernetes.io/os", "In", ["linux"]],
  ["node.platform.arch==x86_64", "kubernetes.io/arch", "In", ["x86_64"]],
  ["node.labels.node.role==worker", "node.role", "In", ["worker"]],
  ["node.labels.example.com/pool==a", "example.com/pool", "In", ["a"]],
  ["node.kubernetes.io/instance-type=big", "node.kubernetes.io/instance-type", "In", ["big"]],
  ["!node-role.kubernetes.io/master", "node-role.kubernetes.io/master", "DoesNotExist"],
];

describe("placement on Kubernetes", () => {
  for (const [line, key, operator, values] of lines) {
    it(`takes "${line}"`, () => {
      expect(requirementOf(line)).to.deep.equal({ key, operator, ...(values && { values }) });
    });
  }

  for (const line of [
    "",
    "a b",
    "disk=",
    "=ssd",
    "disk=-x",
    "zone in ()",
    "zone in (a",
    "a/b/c=d",
    "disk=ssd,zone=a",
    "node.role == worker",
    "node.role!=manager",
    "node.id==2ivku8v2gvtg4",
    "node.platform.other in (a, b)",
    "!node.role",
    "engine.labels.operatingsystem==debian",
    "engine.labels.example.com/disk == ssd",
  ]) {
    it(`does not take "${line}"`, () => {
      expect(requirementOf(line)).to.equal(null);
    });
  }

  it("never makes a condition that the API would refuse", () => {
    const line = fc.string({
      unit: fc.constantFrom("a", "B", "1", ".", "-", "_", "/", "=", "!", " ", "in", "(", ",", ")"),
      maxLength: 14,
    });
    const qualified =
      /^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;
    const value = /^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;
    fc.assert(
      fc.property(line, (text) => {
        const found = requirementOf(text);
        if (found) {
          expect(found.key).to.match(qualified);
          for (const one of found.values ?? []) {
            expect(one).to.match(value);
          }
          const needsValues = found.operator === "In" || found.operator === "NotIn";
          expect((found.values?.length ?? 0) > 0).to.equal(needsValues);
        }
      }),
      { numRuns: 3_000 },
    );
    expect(requirementOf(`${"a".repeat(64)}=b`)).to.equal(null);
    expect(requirementOf(`a=${"b".repeat(64)}`)).to.equal(null);
  });
});
