import { expect } from "chai";
import fc from "fast-check";
import type { KubeService } from "../../../src/drivers/kubernetes/api-types.js";
import { serviceManifest } from "../../../src/drivers/kubernetes/service-manifest.js";
import { type SpecFields, specOf } from "../bench.js";
import { orders, renderedSpec } from "./spec-arbitraries.js";

const selector = { "rebake/service-id": "svc_1" };
const made = (ports: SpecFields["ports"], fields: SpecFields = {}) =>
  serviceManifest(orders, specOf({ ports, ...fields }), selector, "i1") as KubeService | null;

describe("the Service of a service", () => {
  it("is none without ports", () => {
    expect(made([])).to.equal(null);
  });

  it("is reached within the cluster at the port that the app listens on", () => {
    expect(made([{ name: "http", target: 3000 }])).to.deep.equal({
      apiVersion: "v1",
      kind: "Service",
      metadata: {
        name: "orders",
        labels: {
          "rebake/installation": "i1",
          "rebake/environment-id": "env_1",
          "rebake/service-id": "svc_1",
        },
        annotations: { "rebake/environment": "DEV", "rebake/service": "orders" },
      },
      spec: {
        type: "ClusterIP",
        selector,
        ports: [{ name: "http", protocol: "TCP", port: 3000, targetPort: 3000 }],
      },
    });
  });

  it("is a port of each node where one of those is published", () => {
    const { spec } = made([
      { name: "http", target: 3000, published: 30_000 },
      { name: "top", target: 3001, published: 32_767, protocol: "UDP" },
    ])!;
    expect(spec).to.include({ type: "NodePort", externalTrafficPolicy: "Cluster" });
    expect(spec.ports).to.deep.equal([
      { name: "http", protocol: "TCP", port: 3000, targetPort: 3000, nodePort: 30_000 },
      { name: "top", protocol: "UDP", port: 3001, targetPort: 3001, nodePort: 32_767 },
    ]);
  });

  it("is a load balancer's where any other port is published", () => {
    for (const published of [80, 29_999, 32_768]) {
      const { spec } = made([{ name: "http", target: 3000, published }])!;
      expect(spec).to.include({ type: "LoadBalancer", externalTrafficPolicy: "Cluster" });
      expect(spec.ports).to.deep.equal([
        { name: "http", protocol: "TCP", port: published, targetPort: 3000 },
      ]);
    }
  });

  it("keeps the address of clients where a port says so", () => {
    const ports = (preserveClientIp: boolean, published: number | null) => [
      { name: "a", target: 1, published: 30_001 },
      { name: "b", target: 2, published, preserveClientIp },
    ];
    expect(made(ports(true, 30_002))!.spec.externalTrafficPolicy).to.equal("Local");
    expect(made(ports(false, 30_002))!.spec.externalTrafficPolicy).to.equal("Cluster");
    const inside = made([{ name: "a", target: 1, preserveClientIp: true }])!;
    expect(inside.spec.externalTrafficPolicy).to.equal(undefined);
  });

  it("has no address of its own where the recipe wants none", () => {
    const { spec } = made([{ name: "http", target: 3000 }], { endpointMode: "DNSRR" })!;
    expect(spec).to.include({ type: "ClusterIP", clusterIP: "None" });
  });

  it("leads to each pod where it listens, while the old ones listen elsewhere", () => {
    const beside = [
      { name: "http", containerPort: 3000 },
      { name: "dns", containerPort: 53, protocol: "UDP" },
    ];
    const targets = (ports: SpecFields["ports"]) => {
      const service = serviceManifest(orders, specOf({ ports }), selector, "i1", beside) as KubeService;
      return service.spec.ports!.map(({ targetPort }) => targetPort);
    };
    expect(targets([{ name: "http", target: 4000, published: 30_080 }])).to.deep.equal(["http"]);
    expect(targets([{ name: "http", target: 3000 }])).to.deep.equal([3000]);
    // Called otherwise, but where it was.
    expect(targets([{ name: "web", target: 3000 }])).to.deep.equal([3000]);
    expect(targets([{ name: "web", target: 4000 }])).to.deep.equal([4000]);
    expect(targets([{ name: "dns", target: 53 }])).to.deep.equal([53]);
    expect(targets([{ name: "dns", target: 54, protocol: "UDP" }])).to.deep.equal(["dns"]);
    // A pod's port has one name.
    const twice = [
      { name: "http", target: 4000 },
      { name: "again", target: 4000 },
    ];
    expect(targets(twice)).to.deep.equal([4000, 4000]);
  });

  it("has each port of the recipe by its name, whatever the recipe", () => {
    fc.assert(
      fc.property(renderedSpec, (spec) => {
        const service = serviceManifest(orders, spec, selector, "i1") as KubeService | null;
        const ports = service?.spec.ports ?? [];
        expect(ports.map(({ name, targetPort }) => [name, targetPort])).to.deep.equal(
          spec.ports.map(({ name, target }) => [name, target]),
        );
      }),
    );
  });
});
