import { createSocket } from "node:dgram";
import { once } from "node:events";
import { expect } from "chai";
import type { Target } from "../../../../src/operations/driver.js";
import { env } from "../../fields/env.js";
import { Scene } from "../../fields/scene.js";
import type { Fields, Trial } from "../trial.js";

async function askTcp(address: string): Promise<string> {
  const response = await fetch(`http://${address}/`, { headers: { connection: "close" } });
  return response.text();
}

async function askUdp(address: string): Promise<string> {
  const [host, port] = address.split(":");
  const socket = createSocket("udp4");
  try {
    socket.send("?", Number(port), host);
    const [answer] = await once(socket, "message", { signal: AbortSignal.timeout(1_000) });
    return String(answer);
  } finally {
    socket.close();
  }
}

/** Of those that nodes have for services, the last ones that nobody has. */
async function freeNodePorts(trial: Trial, count: number): Promise<number[]> {
  const { items } = await trial.core.listServiceForAllNamespaces();
  const taken = new Set(items.flatMap(({ spec }) => spec!.ports?.map(({ nodePort }) => nodePort) ?? []));
  const all = Array.from({ length: 2_768 }, (_, index) => 32_767 - index);
  return all.filter((port) => !taken.has(port)).slice(0, count);
}

async function look(trial: Trial, target: Target) {
  const { spec } = await trial.service(target);
  const { ports } = await trial.driver.inspect(target.ref);
  return { spec: spec!, ports: new Map(ports.map((port) => [port.name, port])) };
}
/** Also whether its ports lead to the app. */
async function ask(trial: Trial, target: Target) {
  const seen = await look(trial, target);
  const answers: Record<string, string> = {};
  for (const { name, address, protocol } of seen.ports.values()) {
    answers[name] = await trial.until(`${name} answers at ${address}`, () =>
      (protocol === "UDP" ? askUdp(address) : askTcp(address)).catch(() => ""),
    );
  }
  return { ...seen, answers };
}

const app = (tcp: number, udp: number, ports: Fields["ports"]): Fields => ({
  env: env({ PORTS: `${tcp}`, UDP: `${udp}` }),
  readiness: { tcp: { port: null }, period: 1 },
  ports,
});

/** How the app is reached. */
export const portScene = new Scene(async (trial: Trial) => {
  const published = await freeNodePorts(trial, 2);
  const direct = { preserveClientIp: true };
  const first = await trial.deploy(
    app(8080, 5353, [
      { name: "http", target: 8080 },
      { name: "dns", target: 5353, protocol: "UDP" },
    ]),
  );
  const one = await ask(trial, first);
  const second = await trial.rebuild(
    first,
    app(9090, 5454, [
      { name: "web", target: 9090, published: published[0]!, ...direct },
      { name: "dns", target: 5454, protocol: "UDP", published: published[1]!, ...direct },
    ]),
  );
  const two = await ask(trial, second);
  const third = await trial.rebuild(second, app(8080, 5353, [{ name: "http", target: 8080 }]));
  const three = await ask(trial, third);
  await trial.rebuild(third, { readiness: { exec: { command: ["true"] } } }, { replicas: 0 });
  const { namespace } = trial;
  const { items } = await trial.core.listNamespacedService({ namespace });
  return { published, one, two, three, left: items.length };
})
  .shows(
    "ports.name ports.target",
    "lead to the app, of the cluster's own address",
    ({ one, three, left }) => {
      expect(one.spec.type).to.equal("ClusterIP");
      expect(one.answers).to.deep.equal({ http: "port 8080", dns: "udp 5353" });
      expect(one.ports.get("http")).to.include({ target: 8080, address: `${one.spec.clusterIP}:8080` });
      expect(three.answers).to.deep.equal({ http: "port 8080" });
      expect(left, "Services of what has no ports").to.equal(0);
    },
  )
  .shows("ports.protocol", "is TCP or UDP", ({ one }) => {
    expect(one.ports.get("http")!.protocol).to.equal("TCP");
    expect(one.ports.get("dns")!.protocol).to.equal("UDP");
    expect(one.spec.ports!.map(({ name, protocol }) => [name, protocol])).to.have.deep.members([
      ["http", "TCP"],
      ["dns", "UDP"],
    ]);
  })
  .shows("ports.published", "from 30000 to 32767 are open on the nodes", ({ published, two, three }) => {
    expect(two.spec.type).to.equal("NodePort");
    expect(two.answers).to.deep.equal({ web: "port 9090", dns: "udp 5454" });
    expect(two.ports.get("web")).to.include({ target: 9090, published: published[0] });
    expect(two.ports.get("dns")).to.include({ target: 5454, published: published[1] });
    expect(three.spec.type).to.equal("ClusterIP");
    expect(three.spec.ports!.map(({ nodePort }) => nodePort)).to.deep.equal([undefined]);
  })
  .shows("ports.preserveClientIp", "has only nodes with a replica let in requests", ({ one, two, three }) => {
    expect(one.spec.externalTrafficPolicy).to.equal(undefined);
    expect(two.spec.externalTrafficPolicy).to.equal("Local");
    expect(three.spec.externalTrafficPolicy).to.equal(undefined);
  });

/** What only the cluster says of it: no pods are needed. */
export const serviceScene = new Scene(async (trial: Trial) => {
  const deploy = (name: string, fields: Fields) => trial.deploy(fields, { replicas: 0 }, trial.ref({ name }));
  const [nodePort = 0] = await freeNodePorts(trial, 1);
  const balanced = await deploy("balanced", {
    ports: [
      { name: "https", target: 8443, published: 443 },
      { name: "admin", target: 9090, published: nodePort },
    ],
  });
  const headless = await deploy("headless", {
    endpointMode: "DNSRR",
    ports: [{ name: "http", target: 8080 }],
  });
  const virtual = await deploy("virtual", { endpointMode: "VIP", ports: [{ name: "http", target: 8080 }] });
  return {
    nodePort,
    balanced: (await look(trial, balanced)).spec,
    headless: (await look(trial, headless)).spec,
    virtual: (await look(trial, virtual)).spec,
  };
})
  .shows("ports.published", "of other numbers are those of a load balancer", ({ nodePort, balanced }) => {
    expect(balanced.type).to.equal("LoadBalancer");
    const [https, admin] = balanced.ports!;
    expect(https).to.include({ name: "https", port: 443, targetPort: 8443 });
    expect(admin).to.include({ name: "admin", port: 9090, targetPort: 9090, nodePort });
    expect(balanced.externalTrafficPolicy).to.equal("Cluster");
  })
  .shows("endpointMode", "makes its name an address of all replicas, or those of each", (seen) => {
    expect(seen.headless.clusterIP).to.equal("None");
    expect(seen.headless.type).to.equal("ClusterIP");
    expect(seen.virtual.clusterIP).to.match(/^[\d.]+$|:/);
  });
