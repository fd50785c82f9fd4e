import { expect } from "chai";
import fc from "fast-check";
import type { FieldTree, ManagedFields, Workload } from "../../../src/drivers/kubernetes/api-types.js";
import {
  appliedSpec,
  contentOf,
  differences,
  differencesFrom,
  isDrifted,
  isForeign,
} from "../../../src/drivers/kubernetes/drift.js";
import { annotations } from "../../../src/drivers/kubernetes/names.js";
import type { SpecFields } from "../bench.js";
import { manifest, renderedSpec, source } from "./spec-arbitraries.js";

/** As the API has it after it was applied; what it fills in is its own. */
function workloadOf(fields: Parameters<typeof manifest>[0], isAutoscaled = false): Workload {
  const { workload } = manifest(fields);
  const { replicas, ...rest } = workload.spec;
  const applied = isAutoscaled || replicas === undefined ? rest : { ...rest, replicas };
  return structuredClone({
    metadata: {
      ...{ name: "orders", uid: "u", resourceVersion: "1", generation: 1, creationTimestamp: "" },
      labels: workload.metadata.labels,
      annotations: { ...workload.metadata.annotations, [annotations.applied]: JSON.stringify(applied) },
      managedFields: [],
    },
    spec: {
      ...workload.spec,
      selector: { matchLabels: {} },
      template: {
        ...workload.spec.template,
        spec: {
          ...workload.spec.template.spec,
          ...{ restartPolicy: "Always", dnsPolicy: "ClusterFirst", schedulerName: "default-scheduler" },
        },
      },
    },
  });
}

function setBy(manager: string, fields: FieldTree, more: Partial<ManagedFields> = {}): ManagedFields {
  return {
    ...{ manager, operation: "Update", apiVersion: "apps/v1", fieldsType: "FieldsV1" },
    fieldsV1: fields,
    ...more,
  };
}

const appOf = (workload: Workload) => workload.spec.template.spec.containers[0]!;
const inApp = (fields: FieldTree): FieldTree => ({
  "f:spec": { "f:template": { "f:spec": { "f:containers": { 'k:{"name":"app"}': fields } } } },
});

/** What is told after a change by hand. */
function told(fields: SpecFields, change: (workload: Workload) => ManagedFields[] | undefined) {
  const workload = workloadOf(fields);
  const before = contentOf(workload);
  workload.metadata.managedFields = change(workload) ?? [];
  const changes = differences(workload);
  expect(isDrifted(workload)).to.equal(changes.length > 0);
  if (changes.length > 0) {
    expect(contentOf(workload)).not.to.equal(before);
  }
  return changes.map(({ path, before: old, after, secret }) => [path.join("."), old, after, secret]);
}

type Path = string[];
function leaves(value: unknown, path: Path = []): Path[] {
  return typeof value === "object" && value !== null
    ? Object.entries(value).flatMap(([key, inner]) => leaves(inner, [...path, key]))
    : [path];
}

describe("what a cluster has, compared with what was applied", () => {
  it("is the same, whatever the API has filled in", () => {
    fc.assert(
      fc.property(renderedSpec, (spec) => {
        const workload = workloadOf(spec);
        expect(differences(workload)).to.deep.equal([]);
        expect(isDrifted(workload)).to.equal(false);
      }),
    );
  });

  it("shows any single value that changed, whoever did it", () => {
    fc.assert(
      fc.property(renderedSpec, fc.nat(), (spec, choice) => {
        const applied = appliedSpec(workloadOf(spec))!;
        const paths = leaves(applied);
        const path = paths[choice % paths.length]!;
        const workload = workloadOf(spec);
        const parent = path.slice(0, -1).reduce<any>((found, key) => found[key], workload.spec);
        const key = path.at(-1)!;
        const old = parent[key];
        parent[key] = typeof old === "number" ? old + 1 : typeof old === "boolean" ? !old : `${old}x`;
        const isSet = !["", 0, false].includes(old) || path[0] === "replicas";
        // From nothing to something is a change of those who are named as who made it.
        if (isSet) {
          expect(differences(workload), path.join(".")).not.to.deep.equal([]);
          expect(isDrifted(workload), path.join(".")).to.equal(true);
        }
      }),
      { numRuns: 500 },
    );
  });

  it("names the field that somebody has changed", () => {
    expect(
      told({}, (workload) => {
        appOf(workload).image = "other:1";
        return [setBy("kubectl-set", inApp({ "f:image": {} }))];
      }),
    ).to.deep.equal([
      ["containers.app.image", `registry.example/shop@sha256:${"0".repeat(64)}`, "other:1", false],
    ]);
    expect(
      told({}, (workload) => {
        workload.spec.replicas = 3;
        return [setBy("kubectl", { "f:spec": { "f:replicas": {} } })];
      }),
    ).to.deep.equal([["replicas", "1", "3", false]]);
  });

  it("names what somebody has added, and hides what a variable holds that the recipe does not have", () => {
    expect(
      told({ env: [{ name: "A", value: ["1"] }] }, (workload) => {
        appOf(workload).env!.push({ name: "TOKEN", value: "s3cr3t" });
        const entry = { ".": {}, "f:name": {}, "f:value": {} };
        return [setBy("kubectl-edit", inApp({ "f:env": { 'k:{"name":"TOKEN"}': entry } }))];
      }),
    ).to.deep.equal([["containers.app.env.TOKEN.value", null, null, true]]);
    expect(
      told({}, (workload) => {
        workload.spec.template.metadata!.annotations!.note = "hi";
        const fields = { "f:template": { "f:metadata": { "f:annotations": { "f:note": {} } } } };
        return [setBy("kubectl-edit", { "f:spec": fields })];
      }),
    ).to.deep.equal([["template.metadata.annotations.note", null, "hi", false]]);
  });

  it("names variables that somebody has changed or taken away, but not the deployer's job", () => {
    const env = [{ name: "A", value: ["1"] }];
    const variable = (workload: Workload, name: string) =>
      appOf(workload).env!.find((one) => one.name === name)!;
    expect(
      told({ env }, (workload) => {
        variable(workload, "A").value = "2";
        return undefined;
      }),
    ).to.deep.equal([["containers.app.env.A.value", "1", "2", false]]);
    expect(
      told({ env }, (workload) => {
        appOf(workload).env = appOf(workload).env!.filter(({ name }) => name !== "A");
        return undefined;
      }),
    ).to.deep.equal([["containers.app.env.A.value", "1", null, false]]);
    expect(
      told({ source }, (workload) => {
        variable(workload, "REBAKE_JOB").value = "{}";
        return undefined;
      }),
    ).to.deep.equal([["containers.app.env.REBAKE_JOB.value", null, null, true]]);
  });

  it("hides what somebody has put in the place of a secret", () => {
    const env = [{ name: "A", value: [{ secret: "v1" }] }];
    const changes = told({ env }, (workload) => {
      const entry = appOf(workload).env!.find(({ name }) => name === "A")!;
      delete entry.valueFrom;
      entry.value = "pl4in";
      return [setBy("kubectl-edit", inApp({ "f:env": { 'k:{"name":"A"}': { "f:value": {} } } }))];
    });
    expect(JSON.stringify(changes)).not.to.include("pl4in");
    expect(changes.map(([path]) => path)).to.include("containers.app.env.A.value");
  });

  it("does not count what the cluster itself has set, or an autoscaler, or Rebake", () => {
    const added = (workload: Workload) => {
      Object.assign(workload.spec, { paused: true });
      return { "f:spec": { "f:paused": {} } };
    };
    expect(told({}, (workload) => [setBy("kube-controller-manager", added(workload))])).to.deep.equal([]);
    expect(told({}, (workload) => [setBy("rebake", added(workload))])).to.deep.equal([]);
    expect(told({}, (workload) => [setBy("hpa", added(workload), { subresource: "scale" })])).to.deep.equal(
      [],
    );
    expect(told({}, (workload) => [setBy("kubectl-edit", added(workload))])).to.deep.equal([
      ["paused", null, "true", false],
    ]);
    expect(isForeign(setBy("kubectl-edit", {}))).to.equal(true);
  });

  it("does not count the replicas that an autoscaler decides on", () => {
    const workload = workloadOf({}, true);
    const before = contentOf(workload);
    workload.spec.replicas = 7;
    workload.metadata.managedFields = [setBy("kubectl", { "f:spec": { "f:replicas": {} } })];
    expect(isDrifted(workload)).to.equal(false);
    expect(contentOf(workload)).to.equal(before);
  });

  it("does not count the replicas that one made since then has decided on, but those that somebody has after it", () => {
    const workload = workloadOf({});
    const scaledBy = (manager: string) => [
      setBy(manager, { "f:spec": { "f:replicas": {} } }, { subresource: "scale" }),
    ];
    workload.spec.replicas = 7;
    workload.metadata.managedFields = scaledBy("kube-controller-manager");
    expect([isDrifted(workload), differences(workload)]).to.deep.equal([false, []]);
    // Somebody who changes it during an operation is told of, whoever it is.
    expect(differencesFrom(appliedSpec(workload)!, workload)).to.have.length(1);
    workload.metadata.managedFields = scaledBy("kubectl");
    expect(differences(workload)).to.deep.equal([
      { path: ["replicas"], before: "1", after: "7", secret: false },
    ]);
  });

  it("tells of replicas where there were to be none, also when they were set as kubectl scale does", () => {
    const workload = workloadOf({});
    workload.metadata.annotations![annotations.applied] = JSON.stringify({
      ...appliedSpec(workload),
      replicas: 0,
    });
    workload.spec.replicas = 0;
    expect(isDrifted(workload)).to.equal(false);
    workload.spec.replicas = 3;
    workload.metadata.managedFields = [
      setBy("kubectl", { "f:spec": { "f:replicas": {} } }, { subresource: "scale" }),
    ];
    expect(differences(workload)).to.deep.equal([
      { path: ["replicas"], before: "0", after: "3", secret: false },
    ]);
  });

  it("says nothing of what was adopted and not deployed yet, and doubts what it cannot read", () => {
    const workload = workloadOf({});
    delete workload.metadata.annotations![annotations.applied];
    expect([appliedSpec(workload), isDrifted(workload), differences(workload)]).to.deep.equal([
      null,
      false,
      [],
    ]);
    workload.metadata.annotations![annotations.applied] = "{";
    expect(appliedSpec(workload)).to.deep.equal({});
    workload.metadata.managedFields = [setBy("kubectl-edit", inApp({ "f:image": {} }))];
    expect(isDrifted(workload)).to.equal(true);
  });

  it("has each difference once, in the order of the paths, whole entries only where nothing is in them", () => {
    const workload = workloadOf({ volumes: [{ source: "a", target: "/a" }] });
    const { volumes, containers } = workload.spec.template.spec;
    volumes!.pop();
    containers[0]!.volumeMounts!.pop();
    const paths = differencesFrom(appliedSpec(workload)!, workload).map(({ path }) => path.join("."));
    expect(paths).to.deep.equal([...paths].sort());
    expect(paths).to.deep.equal([
      "containers.app.volumeMounts./a.name",
      "volumes.volume-0.persistentVolumeClaim.claimName",
    ]);
  });
});
