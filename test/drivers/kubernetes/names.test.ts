import { expect } from "chai";
import fc from "fast-check";
import { newId } from "../../../src/domain/id.js";
import {
  engineName,
  labels,
  operationSuffix,
  partName,
  refFrom,
  serviceAnnotations,
  serviceLabels,
} from "../../../src/drivers/kubernetes/names.js";
import { isLabelValue, isQualifiedName } from "../../../src/drivers/kubernetes/qualified-names.js";
import type { ServiceRef } from "../../../src/operations/driver.js";
import { newRef } from "../bench.js";

/** Names of Services (RFC 1035), of other things (RFC 1123), and where both are used. */
const serviceName = /^[a-z]([-a-z0-9]*[a-z0-9])?$/;
const objectName = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;

const name = fc.oneof(
  fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/),
  fc.constantFrom("1", "s-1", `1${"-".repeat(61)}1`, "9".repeat(63), `a${"-".repeat(55)}${"b".repeat(7)}`),
);
const ref = (of: string, serviceId = newId("service")): ServiceRef => ({ ...newRef(of, "env_1"), serviceId });

describe("names on Kubernetes", () => {
  it("are names of Services and of workloads, whatever a service is called", () => {
    fc.assert(
      fc.property(name, (of) => {
        const made = engineName(ref(of));
        expect(made).to.have.length.at.most(63).and.to.match(serviceName);
      }),
      { numRuns: 1_000 },
    );
    expect(engineName(ref("orders"))).to.equal("orders");
    const digits = ref("7up", "svc_1");
    expect(engineName(digits)).to.match(/^s-7up-[0-9a-f]{6}$/);
    expect(engineName(digits)).to.equal(engineName(digits));
  });

  it("are each of one service", () => {
    const seen = new Map<string, string>();
    fc.assert(
      fc.property(name, (of) => {
        // Within an environment a name is of one service.
        const made = engineName(ref(of, `svc_${of}`));
        expect(seen.get(made) ?? of).to.equal(of);
        seen.set(made, of);
      }),
      { numRuns: 1_000 },
    );
    expect(engineName(ref("1x"))).not.to.equal(engineName(ref("s-1x")));
  });

  it("are somebody else's where a service was adopted", () => {
    expect(engineName({ ...ref("orders"), adopted: "old.orders" })).to.equal("old.orders");
    expect(engineName({ ...ref("orders"), adopted: "daemonset/agent" })).to.equal("agent");
  });

  it("of parts are names, also those of parts of what was adopted", () => {
    const adopted = fc.stringMatching(
      /^[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?(?:\.[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?){0,7}$/,
    );
    fc.assert(
      fc.property(fc.oneof(name, adopted), (of) => {
        const made = partName(of.slice(0, 253), "secret-files", operationSuffix(newId("operation")));
        expect(made).to.have.length.at.most(253).and.to.match(objectName);
      }),
      { numRuns: 1_000 },
    );
    const cut = partName(`${"a".repeat(199)}.b`, "env", "0".repeat(12));
    expect(cut).to.match(objectName);
  });

  it("let a service be known again by its labels and annotations", () => {
    fc.assert(
      fc.property(name, fc.boolean(), (of, isAdopted) => {
        const service = { ...ref(of), adopted: isAdopted ? "old-orders" : null };
        const marks = { labels: serviceLabels("i1", service), annotations: serviceAnnotations(service) };
        fc.pre(engineName({ ...service, adopted: null }) !== "old-orders");
        expect(refFrom(marks, engineName(service), "i1")).to.deep.equal(service);
        expect(refFrom(marks, engineName(service), "i2")).to.equal(null);
      }),
    );
    const marks = { labels: serviceLabels("i1", ref("a")), annotations: serviceAnnotations(ref("a")) };
    expect(refFrom({ ...marks, annotations: {} }, "a", "i1")).to.equal(null);
    expect(refFrom({ ...marks, labels: { [labels.installation]: "i1" } }, "a", "i1")).to.equal(null);
    expect(refFrom({}, "a", "i1")).to.equal(null);
  });

  it("of labels and what they say are such as the API takes", () => {
    const installation = newId("environment");
    const marks = { ...serviceLabels(installation, newRef()), [labels.operation]: newId("operation") };
    for (const [key, value] of Object.entries(marks)) {
      expect([isQualifiedName(key), isLabelValue(value)], key).to.deep.equal([true, true]);
    }
    for (const key of Object.keys(serviceAnnotations(newRef()))) {
      expect(isQualifiedName(key), key).to.equal(true);
    }
  });
});
