import { expect } from "chai";
import fc from "fast-check";
import type { FieldTree } from "../../../src/drivers/kubernetes/api-types.js";
import { leavesOf, pathsOf } from "../../../src/drivers/kubernetes/leaves.js";
import { manifest, renderedSpec } from "./spec-arbitraries.js";

const shown = (value: unknown) =>
  Object.fromEntries([...leavesOf(value).values()].map(({ path, value: text }) => [path.join(" "), text]));

const reversed = (value: unknown): unknown =>
  typeof value === "object" && value !== null && !Array.isArray(value)
    ? Object.fromEntries(
        Object.entries(value)
          .reverse()
          .map(([key, inner]) => [key, reversed(inner)]),
      )
    : Array.isArray(value)
      ? value.map(reversed)
      : value;

describe("values of objects of Kubernetes", () => {
  it("are found by what tells the entries of lists apart", () => {
    const containers = [
      {
        name: "app",
        command: ["a", "b"],
        env: [
          { name: "A", value: "1" },
          { name: "EMPTY", value: "" },
        ],
        ports: [{ name: "http", containerPort: 80, protocol: "TCP" }],
        volumeMounts: [{ name: "data", mountPath: "/data", readOnly: true }],
      },
    ];
    expect(shown({ template: { spec: { containers } } })).to.deep.equal({
      "template spec containers app": "",
      "template spec containers app command": '["a","b"]',
      "template spec containers app env A": "",
      "template spec containers app env A value": "1",
      "template spec containers app env EMPTY": "",
      "template spec containers app ports 80/TCP": "",
      "template spec containers app ports 80/TCP name": "http",
      "template spec containers app volumeMounts /data": "",
      "template spec containers app volumeMounts /data name": "data",
      "template spec containers app volumeMounts /data readOnly": "true",
    });
  });

  it("say nothing where they are empty, but for how many replicas there are", () => {
    expect(shown({ a: 0, b: false, c: "", d: null, e: [], f: {}, g: undefined })).to.deep.equal({});
    expect(shown({ replicas: 0 })).to.deep.equal({ replicas: "0" });
  });

  it("are the same in whatever order entries and fields are", () => {
    fc.assert(
      fc.property(renderedSpec, (spec) => {
        const { workload } = manifest(spec);
        const turned = structuredClone(workload.spec);
        for (const container of turned.template.spec.containers) {
          container.env?.reverse();
          container.ports?.reverse();
          container.volumeMounts?.reverse();
        }
        turned.template.spec.volumes?.reverse();
        expect(shown(turned)).to.deep.equal(shown(workload.spec));
        const { affinity: _, volumes: __, ...pod } = workload.spec.template.spec;
        expect(shown({ pod: reversed({ ...pod, containers: [] }) })).to.deep.equal(
          shown({ pod: { ...pod, containers: [] } }),
        );
      }),
    );
  });

  it("are quantities, however these are written", () => {
    const same = [
      ["1", "1000m"],
      ["0.25", "250m"],
      ["64Mi", "67108864"],
      ["1Gi", "1024Mi"],
      ["1k", "1000"],
      ["1.5G", "1500M"],
    ];
    for (const [one, other] of same) {
      expect(shown({ limits: { x: one } }), one).to.deep.equal(shown({ limits: { x: other } }));
    }
    expect(shown({ limits: { x: "1M" } })).not.to.deep.equal(shown({ limits: { x: "1Mi" } }));
    expect(shown({ requests: { x: "odd" } })).to.deep.equal({ "requests x": "odd" });
    expect(shown({ labels: { x: "1k" } })).to.deep.equal({ "labels x": "1k" });
  });
});

describe("fields that somebody has set", () => {
  it("are the leaves of a tree, called as the values are", () => {
    const tree: FieldTree = {
      "f:replicas": {},
      "f:template": {
        "f:metadata": { "f:annotations": { ".": {}, "f:kubectl.kubernetes.io/restartedAt": {} } },
        "f:spec": {
          "f:containers": {
            'k:{"name":"app"}': {
              ".": {},
              "f:image": {},
              "f:name": {},
              "f:env": {
                ".": {},
                'k:{"name":"A"}': { ".": {}, "f:name": {}, "f:value": {} },
              },
              "f:ports": {
                'k:{"containerPort":80,"protocol":"TCP"}': {
                  ".": {},
                  "f:containerPort": {},
                  "f:name": {},
                  "f:protocol": {},
                },
              },
              "f:volumeMounts": { 'k:{"mountPath":"/a"}': { ".": {}, "f:mountPath": {}, "f:name": {} } },
            },
          },
        },
      },
    };
    const app = ["template", "spec", "containers", "app"];
    expect(pathsOf(tree)).to.have.deep.members([
      ["replicas"],
      ["template", "metadata", "annotations"],
      ["template", "metadata", "annotations", "kubectl.kubernetes.io/restartedAt"],
      app,
      [...app, "image"],
      [...app, "env"],
      [...app, "env", "A"],
      [...app, "env", "A", "value"],
      [...app, "ports", "80/TCP"],
      [...app, "ports", "80/TCP", "name"],
      [...app, "volumeMounts", "/a"],
      [...app, "volumeMounts", "/a", "name"],
    ]);
    expect(pathsOf({})).to.deep.equal([]);
  });

  it("are, of all that a manifest has, its values", () => {
    fc.assert(
      fc.property(renderedSpec, (spec) => {
        const { workload } = manifest(spec);
        const keys = { env: ["name"], volumes: ["name"], volumeMounts: ["mountPath"] };
        const lists = {
          containers: ["name"],
          initContainers: ["name"],
          ports: ["containerPort", "protocol"],
        };
        const tree = treeOf(workload.spec, { ...keys, ...lists, imagePullSecrets: ["name"] });
        const set = new Set(pathsOf(tree).map((path) => path.join(" ")));
        for (const path of Object.keys(shown(workload.spec))) {
          expect(set.has(path), path).to.equal(true);
        }
      }),
    );
  });
});

/** As the API would note it of who has applied all of a value. */
function treeOf(value: unknown, keys: Record<string, string[]>, field = ""): FieldTree {
  if (typeof value !== "object" || value === null) {
    return {};
  }
  if (!Array.isArray(value)) {
    return Object.fromEntries(
      Object.entries(value).map(([key, inner]) => [`f:${key}`, treeOf(inner, keys, key)]),
    );
  }
  const fields = keys[field];
  return fields
    ? Object.fromEntries(
        value.map((item) => [
          `k:${JSON.stringify(Object.fromEntries(fields.map((one) => [one, item[one]])))}`,
          { ".": {}, ...treeOf(item, keys) },
        ]),
      )
    : {};
}
