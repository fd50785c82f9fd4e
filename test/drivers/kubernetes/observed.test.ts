import { expect } from "chai";
import type { KubeNode, KubeService, Workload } from "../../../src/drivers/kubernetes/api-types.js";
import { annotations, labels } from "../../../src/drivers/kubernetes/names.js";
import { observedOf } from "../../../src/drivers/kubernetes/observed.js";
import { deploymentOf, podOf } from "./pod-fixture.js";

const metadata = { name: "orders", uid: "u", resourceVersion: "1", creationTimestamp: "" };
const serviceOf = (spec: KubeService["spec"], status: KubeService["status"] = {}): KubeService => ({
  metadata,
  spec: { clusterIP: "10.0.0.7", ...spec },
  status,
});
const nodeOf = (...addresses: [type: string, address: string][]): KubeNode => ({
  metadata,
  status: { addresses: addresses.map(([type, address]) => ({ type, address })) },
});
const node = nodeOf(["Hostname", "n1"], ["InternalIP", "192.168.0.1"]);
const http = { name: "http", protocol: "TCP", port: 80, targetPort: 3000 };
const addresses = (service: KubeService, on: KubeNode | null = node) =>
  observedOf(deploymentOf(1), [], service, on).ports.map(({ address }) => address);

describe("where a service on Kubernetes is reached", () => {
  it("is within the cluster", () => {
    const { ports } = observedOf(deploymentOf(1), [], serviceOf({ ports: [http] }), node);
    expect(ports).to.deep.equal([
      { name: "http", target: 3000, published: 80, protocol: "TCP", address: "10.0.0.7:80" },
    ]);
    expect(addresses(serviceOf({ clusterIP: "fd00::7", ports: [http] }))).to.deep.equal(["[fd00::7]:80"]);
    expect(addresses(serviceOf({ clusterIP: "None", ports: [http] }))).to.deep.equal([]);
  });

  it("is a node, for ports that are open there, by the address from outside if it has one", () => {
    const service = serviceOf({ type: "NodePort", ports: [{ ...http, nodePort: 30_080 }] });
    expect(addresses(service)).to.deep.equal(["192.168.0.1:30080"]);
    expect(
      addresses(service, nodeOf(["InternalIP", "192.168.0.1"], ["ExternalIP", "203.0.113.1"])),
    ).to.deep.equal(["203.0.113.1:30080"]);
    // Who may not see nodes still knows where it is within the cluster.
    expect(addresses(service, null)).to.deep.equal(["10.0.0.7:80"]);
    expect(addresses(service, nodeOf(["Hostname", "n1"]))).to.deep.equal(["10.0.0.7:80"]);
  });

  it("is the load balancer once it has an address, and a node until then", () => {
    const spec = { type: "LoadBalancer", ports: [{ ...http, nodePort: 31_000 }] };
    expect(addresses(serviceOf(spec))).to.deep.equal(["192.168.0.1:31000"]);
    const at = (ingress: { ip?: string; hostname?: string }) =>
      addresses(serviceOf(spec, { loadBalancer: { ingress: [ingress] } }));
    expect(at({ ip: "203.0.113.9" })).to.deep.equal(["203.0.113.9:80"]);
    expect(at({ hostname: "lb.example" })).to.deep.equal(["lb.example:80"]);
  });

  it("is told for each port, by its name", () => {
    const udp = { name: "dns", protocol: "UDP", port: 53, targetPort: 53 };
    const { ports } = observedOf(deploymentOf(1), [], serviceOf({ ports: [http, udp, { port: 9 }] }), node);
    expect(ports.map(({ name, target, protocol }) => [name, target, protocol])).to.deep.equal([
      ["http", 3000, "TCP"],
      ["dns", 53, "UDP"],
      ["9", 9, "TCP"],
    ]);
  });

  it("is told with the number of a port that is named by its name", () => {
    const workload = deploymentOf(1);
    workload.spec.template.spec.containers = [
      { name: "app", ports: [{ name: "web", containerPort: 3001, protocol: "TCP" }] },
    ];
    const targets = (targetPort: string) =>
      observedOf(workload, [], serviceOf({ ports: [{ ...http, targetPort }] }), node).ports.map(
        ({ target }) => target,
      );
    expect(targets("web")).to.deep.equal([3001]);
    expect(targets("of-nobody")).to.deep.equal([80]);
  });
});

describe("a service as its cluster has it", () => {
  it("is nothing when there is none, whatever is left of it", () => {
    const { tasks, ...rest } = observedOf(null, [podOf("opn_1")], serviceOf({ ports: [http] }), node);
    expect(tasks).to.have.length(1);
    expect(rest).to.deep.equal({
      ...{ state: "STOPPED", ports: [], fingerprint: null, operationId: null, drifted: false },
    });
  });

  it("has the stamp that was put on it, and is drifted when it is not what was put there", () => {
    const workload: Workload = deploymentOf(
      1,
      {},
      {
        annotations: {
          [annotations.operation]: "opn_1",
          [annotations.fingerprint]: "f",
          [annotations.applied]: JSON.stringify({ replicas: 1 }),
        },
      },
    );
    const pods = [podOf("opn_1", { ready: true })];
    expect(observedOf(workload, pods, null, null)).to.include({
      ...{ state: "RUNNING", fingerprint: "f", operationId: "opn_1", drifted: false },
    });
    workload.spec.replicas = 2;
    expect(observedOf(workload, pods, null, null)).to.include({ state: "DEGRADED", drifted: true });
    expect(observedOf(deploymentOf(1), pods, null, null)).to.include({ operationId: null, drifted: false });
  });

  it("is drifted when the Service that was put there is gone, and not where there was none", () => {
    const spec = { type: "ClusterIP", selector: { a: "b" }, ports: [http] };
    const notes = { [annotations.appliedService]: JSON.stringify(spec) };
    const marks = { [labels.serviceId]: "svc_1" };
    const workload = deploymentOf(1, {}, { labels: marks, annotations: notes });
    const service = serviceOf(spec);
    service.metadata = { ...metadata, labels: marks };
    expect(observedOf(workload, [], service, null)).to.include({ drifted: false });
    expect(observedOf(workload, [], null, null)).to.include({ drifted: true });
    expect(observedOf(workload, [], serviceOf(spec), null)).to.include({ drifted: true });
    expect(observedOf(deploymentOf(1), [], null, null)).to.include({ drifted: false });
  });
});
