import { expect } from "chai";
import type { Workload } from "../../../src/drivers/kubernetes/api-types.js";
import { fieldManager } from "../../../src/drivers/kubernetes/cluster.js";
import { memoryOf, rememberedOf } from "../../../src/drivers/kubernetes/overwrite.js";
import { daemonSetOf, deploymentOf } from "./pod-fixture.js";

/** As Rebake has put it there; the label `team` and the annotation `on-call` are somebody's. */
function putThere({ metadata, ...rest }: Workload, applied = "{}"): Workload {
  const notes = { "rebake/applied": applied, "rebake/operation": "opn_0", "rebake/before": "{}" };
  const own = (keys: string[]) => Object.fromEntries(keys.map((key) => [`f:${key}`, {}]));
  const fieldsV1 = {
    "f:metadata": { "f:annotations": own(Object.keys(notes)), "f:labels": own(["rebake/service-id"]) },
  };
  const entry = { operation: "Update", apiVersion: "apps/v1", fieldsType: "FieldsV1" } as const;
  return {
    ...rest,
    metadata: {
      ...metadata,
      labels: { "rebake/service-id": "svc_1", team: "web" },
      annotations: { ...notes, "on-call": "joe" },
      managedFields: [{ ...entry, manager: fieldManager, fieldsV1 }],
    },
  };
}

const remembered = (found: Workload, room = 10_000) => {
  const annotations = memoryOf(found, [], room);
  return rememberedOf({ ...found, metadata: { ...found.metadata, annotations } })!;
};

describe("what an operation writes down of what it replaces", () => {
  it("is all that Rebake has set of a DaemonSet, of which nothing else keeps it", () => {
    const found = putThere(daemonSetOf(1));
    const { labels, annotations, spec } = remembered(found);
    expect(spec.template).to.deep.equal(found.spec.template);
    expect(labels).to.deep.equal({ "rebake/service-id": "svc_1" });
    expect(annotations).to.deep.equal({ "rebake/applied": "{}", "rebake/operation": "opn_0" });
  });

  it("is without what the sets of a Deployment keep", () => {
    const { labels, annotations, spec } = remembered(putThere(deploymentOf(2)));
    expect([labels, annotations, spec.template]).to.deep.equal([undefined, undefined, undefined]);
    expect(spec.replicas).to.equal(2);
  });

  it("is less of a DaemonSet for which there is no room", () => {
    const found = putThere(daemonSetOf(1), JSON.stringify({ long: "é".repeat(3_000) }));
    expect(remembered(found, 7_000).spec).to.have.property("template");
    expect(remembered(found, 6_000).spec).not.to.have.property("template");
  });

  it("is the whole of what somebody else made", () => {
    const found = daemonSetOf(1);
    expect(remembered(found, 0).spec).to.have.property("template");
  });
});
