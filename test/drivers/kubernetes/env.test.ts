import { expect } from "chai";
import fc from "fast-check";
import type { Text } from "../../../src/domain/rendered-spec.js";
import { escapeReferences } from "../../../src/drivers/kubernetes/env.js";
import type { SpecFields } from "../bench.js";
import { environmentOf, expand } from "./kubelet.js";
import { manifest, source } from "./spec-arbitraries.js";

const awkward = fc.string({
  unit: fc.constantFrom(
    "$",
    "(",
    ")",
    "$(",
    "$$",
    "$(A)",
    "$(REBAKE_INSTANCE)",
    "$(REBAKE_SECRET_0_0)",
    "a",
    "\n",
    "ж",
  ),
  maxLength: 8,
});
const part = fc.oneof(
  awkward,
  fc.constant({ computed: "REBAKE_INSTANCE" as const }),
  fc.constant({ computed: "REBAKE_BRANCH" as const }),
  fc.constantFrom({ secret: "v1" }, { secret: "v2" }),
);
const text: fc.Arbitrary<Text> = fc
  .array(part, { maxLength: 5 })
  .map((parts) => parts.filter((one) => one !== ""));
const branch = "$(A)$";
const secrets = (first: string) =>
  new Map([
    ["v1", first],
    ["v2", "second$"],
  ]);

function literal(parts: Text, first: string): string {
  return parts
    .map((one) => {
      if (typeof one === "string") {
        return one;
      }
      if ("secret" in one) {
        return secrets(first).get(one.secret)!;
      }
      return "computed" in one && one.computed === "REBAKE_INSTANCE" ? "orders-1" : branch;
    })
    .join("");
}

const environment = (fields: SpecFields, first = "s") => {
  const { workload, parts } = manifest(
    { source: { ...source, branch }, ...fields },
    { secrets: secrets(first) },
  );
  return environmentOf(workload.spec.template.spec.containers[0]!, parts, "orders-1");
};

describe("variables of apps on Kubernetes", () => {
  it("come back to the letter, whatever stands beside them", () => {
    fc.assert(
      fc.property(fc.array(awkward, { maxLength: 4 }), (texts) => {
        const variables = new Map([["A", "taken for a reference"]]);
        expect(expand(texts.map(escapeReferences).join(""), variables)).to.equal(texts.join(""));
        const between = expand(texts.map(escapeReferences).join("$(A)"), variables);
        expect(between).to.equal(texts.join("taken for a reference"));
      }),
    );
  });

  it("are what the recipe says, with secrets, facts and the pod's name put in", () => {
    fc.assert(
      fc.property(text, text, awkward, (a, b, secret) => {
        const seen = environment(
          {
            env: [
              { name: "A", value: a },
              { name: "B", value: b },
            ],
          },
          secret,
        );
        expect([seen.get("A"), seen.get("B")]).to.deep.equal([literal(a, secret), literal(b, secret)]);
      }),
      { numRuns: 500 },
    );
  });

  it("are each there once, facts before those that may refer to them", () => {
    const { workload } = manifest({
      env: [
        { name: "A", value: ["$", { computed: "REBAKE_INSTANCE" }] },
        { name: "REBAKE_PORT", value: ["mine"] },
      ],
      ports: [{ name: "http", target: 80 }],
    });
    const names = workload.spec.template.spec.containers[0]!.env!.map(({ name }) => name);
    expect(new Set(names).size).to.equal(names.length);
    expect(names[0]).to.equal("REBAKE_INSTANCE");
    expect(names).to.include.members(["REBAKE_SERVICE", "REBAKE_PORT_HTTP", "REBAKE_OPERATION", "A"]);
    const seen = environment({ env: [{ name: "REBAKE_PORT", value: ["mine"] }] });
    expect(seen.get("REBAKE_PORT")).to.equal("mine");
    expect(seen.get("REBAKE_INSTANCE")).to.equal("orders-1");
  });

  it("refer to no variable but the pod's name that an update could put behind them", () => {
    fc.assert(
      fc.property(text, (value) => {
        const { workload } = manifest(
          { source: { ...source, branch }, env: [{ name: "A", value }] },
          { secrets: secrets("s") },
        );
        const { env, envFrom = [] } = workload.spec.template.spec.containers[0]!;
        const own = new Set(env!.map(({ name }) => name));
        own.delete("REBAKE_INSTANCE");
        // What is referred to must be there, under a name that `env` does not have itself.
        const said = env!.find(({ name }) => name === "A")!.value ?? "";
        const references = said.replaceAll("$$", "").match(/\$\([^)]*\)/g) ?? [];
        for (const reference of references) {
          expect(own.has(reference.slice(2, -1)), reference).to.equal(false);
        }
        const isJoined = references.some((one) => one !== "$(REBAKE_INSTANCE)");
        expect(envFrom.length).to.equal(isJoined ? 1 : 0);
      }),
    );
  });

  it("that are secret and have no pod's name in them are of a Secret that nothing else is told of", () => {
    const env = [
      { name: "WHOLE", value: ["a", { secret: "v1" }, "b"] },
      { name: "JOINED", value: [{ computed: "REBAKE_INSTANCE" as const }, { secret: "v1" }] },
    ];
    const { workload, parts } = manifest({ env }, { secrets: secrets("pl4in") });
    const [container] = workload.spec.template.spec.containers;
    const [whole, joined] = parts.filter(({ kind }) => kind === "Secret");
    expect(whole!.data).to.deep.equal({ "env-0": "apl4inb" });
    expect(joined!.data).to.deep.equal({ REBAKE_SECRET_1_1: "pl4in" });
    expect(container!.envFrom).to.deep.equal([{ secretRef: { name: joined!.name } }]);
    const byName = new Map(container!.env!.map((one) => [one.name, one]));
    expect(byName.get("WHOLE")).to.deep.equal({
      name: "WHOLE",
      valueFrom: { secretKeyRef: { name: whole!.name, key: "env-0" } },
    });
    expect(byName.get("JOINED")!.value).to.equal("$(REBAKE_INSTANCE)$(REBAKE_SECRET_1_1)");
  });
});
