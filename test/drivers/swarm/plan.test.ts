import { expect } from "chai";
import fc from "fast-check";
import { newId } from "../../../src/domain/id.js";
import type { Text } from "../../../src/domain/rendered-spec.js";
import { engineName, networkName, scopeOf } from "../../../src/drivers/swarm/names.js";
import { escapeTemplate, type Plan, planOf } from "../../../src/drivers/swarm/plan.js";
import { cacheVolumeOf } from "../../../src/drivers/swarm/service-spec.js";
import { newRef, type SpecFields, specOf, targetOf } from "../bench.js";

/** What the engine's templates (Go's text/template) make of one, as far as they are used; throws at any other. */
function filledIn(template: string, slot = "1"): string {
  let rest = template;
  let text = "";
  for (;;) {
    const at = rest.indexOf("{{");
    if (at === -1) {
      return text + rest;
    }
    const [whole, quoted] =
      /^\{\{(?:"([^"\\]*)"|\.Task\.Slot)\}\}/.exec(rest.slice(at)) ?? expect.fail(template);
    text += rest.slice(0, at) + (quoted ?? slot);
    rest = rest.slice(at + whole!.length);
  }
}

const programs = { installation: "i1", deployer: "// deployer" };
const braces = fc.string({
  unit: fc.constantFrom("{", "}", '"', "{{", "}}", ".", "a", "\n", "$", "/*", "- "),
  maxLength: 12,
});
const part = fc.oneof(
  braces,
  fc.constant({ computed: "REBAKE_INSTANCE" as const }),
  fc.constant({ computed: "REBAKE_BRANCH" as const }),
  fc.constant({ secret: "v1" }),
);
const text: fc.Arbitrary<Text> = fc
  .array(part, { maxLength: 5 })
  .map((parts) => parts.filter((one) => one !== ""));

/** Branches may have braces, too. */
const source = {
  repository: "https://git.example/x.git",
  branch: "{{.Task.ID}}{",
  commit: null,
  path: null,
  credential: null,
};
const target = (fields: SpecFields, secret = "s") =>
  targetOf(newRef(), specOf(fields), {
    image: "node:20",
    commit: "0".repeat(40),
    secrets: new Map([["v1", secret]]),
  });
const literal = (parts: Text, secret: string, slot: string) =>
  parts
    .map((one) =>
      typeof one === "string"
        ? one
        : "secret" in one
          ? secret
          : "computed" in one && one.computed === "REBAKE_INSTANCE"
            ? slot
            : source.branch,
    )
    .join("");
const objectAt = ({ mounts }: Plan, path: string) => mounts.find((mount) => mount.path === path)!.object;

describe("what a target comes down to on a swarm", () => {
  it("escapes texts so that the engine's templates give them back, whatever stands beside them", () => {
    fc.assert(
      fc.property(fc.array(braces, { maxLength: 4 }), (texts) => {
        expect(filledIn(texts.map(escapeTemplate).join(""))).to.equal(texts.join(""));
        expect(filledIn(texts.map(escapeTemplate).join("{{.Task.Slot}}"))).to.equal(texts.join("1"));
      }),
    );
  });

  it("gives the app its variables and files to the letter", () => {
    fc.assert(
      fc.property(text, braces, (value, secret) => {
        const plan = planOf(
          target(
            { source, env: [{ name: "A", value }], files: [{ path: "/a", content: value, mode: "0644" }] },
            secret,
          ),
          programs,
        );
        const wanted = literal(value, secret, "7");
        const isSecret = value.some((one) => typeof one === "object" && "secret" in one);
        const read = ({ data, template }: { data: string; template: boolean }) =>
          template ? filledIn(data, "7") : data;
        expect(read(objectAt(plan, "/a"))).to.equal(wanted);
        expect(objectAt(plan, "/a").data).not.to.equal("");
        expect(objectAt(plan, "/a").kind).to.equal(isSecret ? "secret" : "config");
        if (isSecret) {
          expect(read(objectAt(plan, "/rebake/env/A"))).to.equal(wanted);
          expect(plan.env.filter((one) => one.startsWith("A="))).to.deep.equal([]);
        } else {
          const [entry] = plan.env.filter((one) => one.startsWith("A="));
          expect(filledIn(entry!, "7")).to.equal(`A=${wanted}`);
        }
      }),
    );
  });

  it("names what it makes by content, kind and mode: the same name is the same, another is not", () => {
    const named = fc.record({
      content: text,
      mode: fc.constantFrom("0644", "0600"),
      version: fc.constantFrom("v1", "v2"),
    });
    const planned = ({ content, mode, version }: { content: Text; mode: string; version: string }) => {
      const versioned = content.map((one) =>
        typeof one === "object" && "secret" in one ? { secret: version } : one,
      );
      const ref = { ...newRef("orders", "env_1"), serviceId: "svc_1" };
      const secrets = new Map([
        ["v1", "one"],
        ["v2", "two"],
      ]);
      const spec = specOf({ source, files: [{ path: "/a", content: versioned, mode }] });
      return objectAt(planOf(targetOf(ref, spec, { image: "x", commit: "c", secrets }), programs), "/a");
    };
    fc.assert(
      fc.property(named, named, (one, other) => {
        const [a, b] = [planned(one), planned(other)];
        const same = a.kind === b.kind && a.data === b.data && one.mode === other.mode;
        if (a.name === b.name) {
          expect(same).to.equal(true);
        }
        expect(planned(one).name).to.equal(a.name);
        expect(a.name)
          .to.have.length.at.most(63)
          .and.to.match(/^[a-z0-9-]+_[0-9a-f]{24}$/);
      }),
    );
  });

  it("keeps secrets out of everything but the secrets themselves", () => {
    const secret = "pl4intext";
    const plan = planOf(
      {
        ...target({ source, env: [{ name: "A", value: ["x", { secret: "v1" }] }] }, secret),
        gitCredential: { username: "u", password: secret },
      },
      programs,
    );
    const { mounts, ...rest } = plan;
    const open = mounts.map(({ object: { data, kind, ...object }, ...mount }) => [
      object,
      mount,
      kind === "secret" ? "" : data,
    ]);
    expect(JSON.stringify([open, rest])).not.to.include(secret);
    expect(mounts.filter(({ object }) => object.data.includes(secret))).to.have.length(2);
  });

  it("gives every service, network and cache a name of its own that the engine takes", () => {
    const code = fc.stringMatching(/^[A-Z][A-Z0-9_-]{0,29}$/);
    const label = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/);
    const seen = new Map<string, string>();
    const isTaken = (name: string, by: string) => seen.has(name) && seen.get(name) !== by;
    fc.assert(
      fc.property(
        fc.constantFrom("i1", "i2"),
        code,
        fc.constantFrom("env_1", "env_2"),
        label,
        (installation, environment, environmentId, name) => {
          const ref = { ...newRef(name, environmentId), environment, serviceId: newId("service") };
          const id = JSON.stringify([installation, environment, environmentId, name]);
          const scope = scopeOf(installation, ref);
          const all = [
            engineName(installation, ref),
            `network ${networkName(scope, name)}`,
            cacheVolumeOf({ name: engineName(installation, ref) }),
          ];
          for (const one of all) {
            expect(isTaken(one, id), one).to.equal(false);
            seen.set(one, id);
          }
          for (const one of [all[0]!, all[1]!.slice("network ".length)]) {
            expect(one)
              .to.have.length.at.most(63)
              .and.to.match(/^[a-zA-Z0-9](?:[-_]*[A-Za-z0-9]+)*$/);
          }
          expect(all[2]).not.to.match(new RegExp(`^${scope}_`));
        },
      ),
      { numRuns: 500 },
    );
    const twins = ["a", "b"].map((end) => ({
      ...newRef(`${"x".repeat(62)}${end}`, "env_1"),
      environment: "E".repeat(30),
    }));
    expect(engineName("i1", twins[0]!)).not.to.equal(engineName("i1", twins[1]!));
  });
});
