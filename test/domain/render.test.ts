import { expect } from "chai";
import fc from "fast-check";
import { assertComplete } from "../../src/domain/bind.js";
import { changesBetween, specChanges } from "../../src/domain/changes.js";
import { canonicalJson, fingerprinter, fingerprintOf } from "../../src/domain/fingerprint.js";
import { mergePatch, parseSpec } from "../../src/domain/parse-spec.js";
import { type Ingredients, render, renderBase } from "../../src/domain/render.js";
import { UserInputErrors } from "../../src/errors.js";
import { recipeSpec, value } from "./arbitraries.js";

const ingredients: Ingredients = { mode: "REPLICATED", source: null, ports: null, inputs: [], values: [] };

const asked = parseSpec({
  env: ["A", "B", "C"].map((name) => ({ name, kind: "INPUT", default: name === "A" ? "a" : null })),
}).env;

function shuffled<T>(items: T[]): T[] {
  return [...items].reverse();
}

describe("rendering", () => {
  it("gives the same fingerprint whatever the order of keys and of lists that have none", () => {
    fc.assert(
      fc.property(recipeSpec, (spec) => {
        const other = Object.fromEntries(Object.entries(spec).reverse()) as typeof spec;
        const reordered = {
          ...other,
          env: shuffled(spec.env),
          labels: shuffled(spec.labels),
          networks: shuffled(spec.networks),
          files: shuffled(spec.files),
        };
        expect(fingerprintOf(render(reordered, ingredients))).to.equal(
          fingerprintOf(render(spec, ingredients)),
        );
      }),
    );
  });

  it("gives the fingerprint that versions gave which knew of no shared volumes", () => {
    const spec = parseSpec({
      image: { name: "node" },
      volumes: [
        { source: "data", target: "/data" },
        { type: "BIND", source: "/srv", target: "/a", readOnly: true },
      ],
    });
    const fingerprint = "80be81f0b13ea07004e8d1e483a2cb6ca28e95b14832ad93af8d48b1f1117c07";
    expect(fingerprintOf(render(spec, ingredients))).to.equal(fingerprint);
    const shared = { ...spec, volumes: spec.volumes.map((volume) => ({ ...volume, shared: true })) };
    expect(fingerprintOf(render(shared, ingredients))).not.to.equal(fingerprint);
  });

  it("gives the same fingerprint through a shared base as for each service by itself", () => {
    const given = fc.array(fc.record({ name: fc.constantFrom("A", "B", "C"), value }), { maxLength: 3 });
    fc.assert(
      fc.property(recipeSpec, given, (spec, inputs) => {
        const asking = { ...spec, env: [...spec.env.filter((item) => !"ABC".includes(item.name)), ...asked] };
        const base = renderBase(asking, ingredients);
        expect(fingerprinter(base, ingredients.values)(inputs)).to.equal(
          fingerprintOf(render(asking, { ...ingredients, inputs })),
        );
      }),
    );
  });

  it("keeps the first TCP port first, since $REBAKE_PORT means it", () => {
    const spec = parseSpec({
      ports: [
        { name: "web", target: 80 },
        { name: "admin", target: 81 },
      ],
    });
    expect(render(spec, ingredients).ports.map((port) => port.name)).to.deep.equal(["web", "admin"]);
  });

  it("has changes exactly when the fingerprints differ", () => {
    fc.assert(
      fc.property(recipeSpec, recipeSpec, (one, two) => {
        const [a, b] = [render(one, ingredients), render(two, ingredients)];
        const same = fingerprintOf(a) === fingerprintOf(b);
        expect(changesBetween(a, b).length === 0).to.equal(same);
        expect(changesBetween(a, a)).to.deep.equal([]);
      }),
    );
  });

  it("says the opposite when the sides are swapped", () => {
    fc.assert(
      fc.property(recipeSpec, recipeSpec, (one, two) => {
        const forth = specChanges(one, two).map(({ path, before, after }) => ({
          path,
          before: after,
          after: before,
        }));
        const back = specChanges(two, one).map(({ path, before, after }) => ({ path, before, after }));
        expect(forth).to.deep.equal(back);
      }),
    );
  });

  it("takes any value a variable may have, as it is", () => {
    fc.assert(
      fc.property(value, (text) => {
        const spec = parseSpec({
          env: [
            { name: "FIXED", kind: "STATIC", value: text },
            { name: "GIVEN", kind: "INPUT" },
          ],
        });
        const { env } = render(spec, { ...ingredients, inputs: [{ name: "GIVEN", value: text }] });
        expect(env.map((item) => item.value.join(""))).to.deep.equal([text, text]);
      }),
    );
  });

  it("names every required input that has no value", () => {
    const spec = parseSpec({
      env: [
        { name: "A", kind: "INPUT", required: true },
        { name: "B", kind: "SECRET", required: true },
        { name: "C", kind: "INPUT", required: true, default: "c" },
        { name: "D", kind: "INPUT" },
      ],
    });
    const problems = thrownBy(() => assertComplete(renderBase(spec, ingredients), []));
    expect(problems.map((error) => [error.code, error.field?.at(-1)])).to.deep.equal([
      ["MISSING_INPUT", "A"],
      ["MISSING_INPUT", "B"],
    ]);
  });

  it("gives another fingerprint once an input is required that nobody gave", () => {
    const spec = parseSpec({ env: [{ name: "A", kind: "INPUT" }] });
    const required = parseSpec({ env: [{ name: "A", kind: "INPUT", required: true }] });
    const [before, after] = [render(spec, ingredients), render(required, ingredients)];
    expect(fingerprintOf(after)).to.not.equal(fingerprintOf(before));
    expect(changesBetween(before, after)).to.deep.equal([
      { path: ["env", "A"], before: null, after: "(A is not given)", secret: false },
    ]);
  });

  it("leaves facts of the instance as references and resolves the environment's values", () => {
    const spec = parseSpec({
      env: [
        { name: "PORT", kind: "COMPUTED", value: "$REBAKE_PORT" },
        { name: "DB", kind: "COMPUTED", value: "pg://${REBAKE_VALUE_DB_HOST}/$REBAKE_SERVICE" },
      ],
    });
    const { env } = render(spec, { ...ingredients, values: [{ name: "DB_HOST", value: "db=1" }] });
    expect(env).to.deep.equal([
      { name: "DB", value: ["pg://db=1/", { computed: "REBAKE_SERVICE" }] },
      { name: "PORT", value: [{ computed: "REBAKE_PORT" }] },
    ]);
  });

  it("fills a file's variables and leaves what belongs to other programs", () => {
    const spec = parseSpec({
      ports: [{ name: "http", target: 80 }],
      env: [{ name: "UPSTREAM", kind: "STATIC", value: "a:1" }],
      files: [{ path: "/etc/nginx/a.conf", content: "${UPSTREAM} $host ${uri} ${REBAKE_PORT_HTTP}" }],
    });
    expect(render(spec, ingredients).files[0]?.content).to.deep.equal([
      "a:1 $host ${uri} ",
      { computed: "REBAKE_PORT_HTTP" },
    ]);
  });

  it("refuses a computed variable that is not on the list, when the recipe is written", () => {
    const wrong = { env: [{ name: "X", kind: "COMPUTED", value: "$REBAKE_PROT" }] };
    const [problem] = thrownBy(() => parseSpec(wrong));
    expect(problem?.code).to.equal("UNKNOWN_COMPUTED");
    expect(problem?.message).to.contain("$REBAKE_PROT").and.to.contain("$REBAKE_PORT");
    const file = { files: [{ path: "/a", content: "${REBAKE_NOPE}" }] };
    expect(thrownBy(() => parseSpec(file))[0]?.field).to.deep.equal(["spec", "files", "0", "content"]);
  });

  it("refuses a reference to a value the environment does not have", () => {
    const spec = parseSpec({ env: [{ name: "X", kind: "COMPUTED", value: "$REBAKE_VALUE_REGION" }] });
    expect(thrownBy(() => render(spec, ingredients))[0]?.message).to.contain("REGION");
  });

  it("shows which secret changed without showing it", () => {
    const spec = parseSpec({ env: [{ name: "KEY", kind: "SECRET" }] });
    const of = (version: string) =>
      render(spec, { ...ingredients, inputs: [{ name: "KEY", secret: version }] });
    expect(changesBetween(of("v1"), of("v2"))).to.deep.equal([
      { path: ["env", "KEY"], before: null, after: null, secret: true },
    ]);
  });

  it("names a changed entry of a list by what tells it apart", () => {
    const of = (level: string) =>
      render(parseSpec({ env: [{ name: "LEVEL", kind: "STATIC", value: level }] }), ingredients);
    expect(changesBetween(of("a=b"), of("a=b\nc"))).to.deep.equal([
      { path: ["env", "LEVEL"], before: "a=b", after: "a=b\nc", secret: false },
    ]);
  });
});

describe("merge patch", () => {
  it("keeps what is absent, clears what is null, merges objects and replaces lists", () => {
    const target = { a: 1, b: { c: 2, d: 3 }, e: [1, 2] };
    expect(mergePatch(target, { b: { c: null, f: 4 }, e: [3] })).to.deep.equal({
      a: 1,
      b: { d: 3, f: 4 },
      e: [3],
    });
  });

  it("changes nothing when it is empty, also after defaults are filled in", () => {
    fc.assert(
      fc.property(recipeSpec, (spec) => {
        expect(canonicalJson(parseSpec(mergePatch(spec, {})))).to.equal(canonicalJson(spec));
      }),
    );
  });
});

function thrownBy(work: () => unknown) {
  try {
    work();
  } catch (error) {
    if (error instanceof UserInputErrors) {
      return error.errors;
    }
    throw error;
  }
  throw new Error("nothing was thrown");
}
