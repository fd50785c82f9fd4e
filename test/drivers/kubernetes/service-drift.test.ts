import { expect } from "chai";
import fc from "fast-check";
import type { ContainerPort, KubeService, Workload } from "../../../src/drivers/kubernetes/api-types.js";
import { annotations, labels } from "../../../src/drivers/kubernetes/names.js";
import { saidService, serviceChanges } from "../../../src/drivers/kubernetes/service-drift.js";
import { serviceManifest } from "../../../src/drivers/kubernetes/service-manifest.js";
import { type SpecFields, specOf } from "../bench.js";
import { deploymentOf } from "./pod-fixture.js";
import { manifest, orders, renderedSpec } from "./spec-arbitraries.js";

const selector = { [labels.serviceId]: orders.serviceId };
const http = { name: "http", target: 3000 };

/** A workload and its Service as the API has them after both were applied. */
function applied(fields: Parameters<typeof manifest>[0], beside: ContainerPort[] = []) {
  const { workload } = manifest(fields);
  const spec = "mode" in fields && "rollout" in fields ? fields : specOf(fields as SpecFields);
  const body = serviceManifest(orders, spec as ReturnType<typeof specOf>, selector, "i1", beside);
  const notes = {
    [annotations.applied]: JSON.stringify(workload.spec),
    ...(body && { [annotations.appliedService]: JSON.stringify(body.spec) }),
  };
  const there: Workload = deploymentOf(1, {}, { labels: workload.metadata.labels, annotations: notes });
  return { workload: there, service: body && asFilledIn(structuredClone(body)) };
}

/** What the API adds by itself. */
function asFilledIn({
  metadata,
  spec,
}: Pick<NonNullable<ReturnType<typeof serviceManifest>>, "metadata" | "spec">) {
  const more = {
    clusterIP: "10.0.0.7",
    clusterIPs: ["10.0.0.7"],
    sessionAffinity: "None",
    ipFamilies: ["IPv4"],
  };
  const ports = spec.ports!.map((port) => ({
    ...(spec.type !== "ClusterIP" && { nodePort: 31_234 }),
    ...port,
  }));
  return {
    metadata: { uid: "u", resourceVersion: "1", creationTimestamp: "", ...metadata },
    spec: { ...more, ...spec, ports },
  } as KubeService;
}

/** What is told after a change by hand; null: it is deleted. */
function told(change: (service: KubeService) => unknown, fields: SpecFields = { ports: [http] }) {
  const { workload, service } = applied(fields);
  const isGone = change(service!) === null;
  return serviceChanges(saidService(workload, "orders")!, isGone ? null : service).map(
    ({ path, before, after }) => [path.join("."), before, after],
  );
}

describe("the Service that a cluster has, compared with what was applied", () => {
  it("is the same, whatever the API has filled in", () => {
    fc.assert(
      fc.property(renderedSpec, (spec) => {
        const { workload, service } = applied(spec);
        const said = saidService(workload, "orders");
        expect(said === null).to.equal(service === null);
        expect(said ? serviceChanges(said, service) : []).to.deep.equal([]);
      }),
    );
  });

  it("is the same where it leads to a port by its name, which is called so in the pods", () => {
    const { workload, service } = applied({ ports: [{ ...http, target: 4000 }] }, [
      { name: "http", containerPort: 3000 },
    ]);
    const [port] = service!.spec.ports!;
    expect(port!.targetPort).to.equal("http");
    const said = saidService(workload, "orders")!;
    expect(serviceChanges(said, service)).to.deep.equal([]);
    port!.targetPort = 4000;
    expect(serviceChanges(said, service)).to.deep.equal([]);
    port!.targetPort = "other";
    expect(serviceChanges(said, service).map(({ before, after }) => [before, after])).to.deep.equal([
      ["4000", "other"],
    ]);
  });

  it("is told as gone, also while it is going", () => {
    const gone = ["service.metadata.name", "orders", null];
    expect(told(() => null)).to.deep.equal([gone]);
    expect(
      told(({ metadata }) => {
        metadata.deletionTimestamp = "2026-01-01T00:00:00Z";
      }),
    ).to.deep.equal([gone]);
  });

  it("is told whose pods it leads to, and whose it is", () => {
    const id = labels.serviceId;
    expect(
      told(({ spec }) => {
        spec.selector = { [id]: "svc_2", app: "theirs" };
      }),
    ).to.deep.equal([
      ["service.spec.selector.app", null, "theirs"],
      [`service.spec.selector.${id}`, "svc_1", "svc_2"],
    ]);
    expect(
      told(({ spec }) => {
        delete spec.selector;
      }),
    ).to.deep.equal([[`service.spec.selector.${id}`, "svc_1", null]]);
    expect(
      told(({ metadata }) => {
        metadata.labels = {};
      }),
    ).to.deep.equal([[`service.metadata.labels.${id}`, "svc_1", null]]);
  });

  it("is told at which ports, and how it is open", () => {
    expect(
      told(({ spec }) => {
        spec.ports![0]!.targetPort = 3001;
        spec.ports!.push({ name: "more", port: 9, protocol: "UDP" });
      }),
    ).to.deep.equal([
      ["service.spec.ports.3000/TCP.targetPort", "3000", "3001"],
      ["service.spec.ports.9/UDP.name", null, "more"],
      ["service.spec.ports.9/UDP.targetPort", null, "9"],
    ]);
    const published = { ports: [{ ...http, published: 30_080 }] };
    expect(
      told(({ spec }) => {
        spec.ports![0]!.nodePort = 30_081;
        spec.externalTrafficPolicy = "Local";
      }, published),
    ).to.deep.equal([
      ["service.spec.externalTrafficPolicy", "Cluster", "Local"],
      ["service.spec.ports.3000/TCP.nodePort", "30080", "30081"],
    ]);
    expect(
      told(({ spec }) => {
        spec.type = "NodePort";
        spec.ports![0]!.nodePort = 31_000;
      }),
    ).to.deep.equal([["service.spec.type", "ClusterIP", "NodePort"]]);
  });

  it("is nobody's concern where none was applied, and doubted where that cannot be read", () => {
    const { workload, service } = applied({ ports: [http] });
    workload.metadata.annotations![annotations.appliedService] = "{";
    expect(serviceChanges(saidService(workload, "orders")!, service)).not.to.deep.equal([]);
    delete workload.metadata.annotations![annotations.appliedService];
    expect(saidService(workload, "orders")).to.equal(null);
    expect(saidService(applied({}).workload, "orders")).to.equal(null);
  });
});
