import { createSocket } from "node:dgram";
import { once } from "node:events";
import { connect } from "node:net";
import { expect } from "chai";
import type { Target } from "../../../../src/operations/driver.js";
import { freePort } from "../../../support/free-port.js";
import type { Trial } from "../trial.js";
import { type FieldCase, field } from "./field.js";

/** Answers on its TCP and UDP ports with the port. */
const server = (tcp: number, udp: number) => [
  "node",
  "-e",
  `const { createServer } = require("node:http"), { createSocket } = require("node:dgram");
   createServer((_, response) => response.end("tcp ${tcp}")).listen(${tcp});
   const socket = createSocket("udp4").on("message", (_, { port, address }) => socket.send("udp ${udp}", port, address));
   socket.bind(${udp});
   process.on("SIGTERM", () => process.exit(0));`,
];

async function askTcp(address: string): Promise<string> {
  return (await fetch(`http://${address}/`)).text();
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

async function isOpen(port: number): Promise<boolean> {
  const socket = connect(port, "127.0.0.1");
  return new Promise((resolve) => {
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
  }).finally(() => socket.destroy()) as Promise<boolean>;
}

const portsOf = async (trial: Trial, { ref }: Target) =>
  new Map((await trial.lab.driver.inspect(ref)).ports.map((port) => [port.name, port]));
/** Networks of the only container, by name. */
const networksOf = async (trial: Trial, target: Target) =>
  (await trial.container(target)).NetworkSettings.Networks;
/** Addresses that a name has in the only container; none when it is unknown there. */
const resolved = async (trial: Trial, target: Target, name: string) => {
  const { out } = await trial.attempt(target, "getent", "ahostsv4", name);
  return [...new Set(out.split("\n").flatMap((line) => line.split(/\s+/)[0] || []))];
};

/** How the app is reached, and whom it reaches. */
export const networkFields: FieldCase[] = [
  field(
    "ports.name ports.target ports.protocol ports.published ports.preserveClientIp",
    "of the node itself lead to the app, TCP and UDP",
    async (trial) => {
      const [published, another] = [await freePort(), await freePort()];
      const direct = { preserveClientIp: true };
      const first = await trial.deploy({
        endpointMode: "DNSRR",
        command: server(8080, 5353),
        ports: [
          { name: "http", target: 8080, published, ...direct },
          { name: "dns", target: 5353, protocol: "UDP", ...direct },
        ],
      });
      const before = await portsOf(trial, first);
      expect(before.get("http")).to.include({ target: 8080, published, protocol: "TCP" });
      expect(before.get("dns")).to.include({ target: 5353, protocol: "UDP" });
      const bound = (await trial.container(first)).NetworkSettings.Ports;
      expect(bound["8080/tcp"]![0]!.HostPort).to.equal(`${published}`);
      expect(bound["5353/udp"]![0]!.HostPort).to.equal(`${before.get("dns")!.published}`);
      const answers = (address: string, ask: typeof askTcp, answer: string) =>
        trial.until(answer, async () => (await ask(address).catch(() => "")) === answer);
      await answers(before.get("http")!.address, askTcp, "tcp 8080");
      await answers(before.get("dns")!.address, askUdp, "udp 5353");

      const second = await trial.rebuild(first, {
        endpointMode: "DNSRR",
        command: server(9090, 5454),
        ports: [
          { name: "web", target: 9090, published: another, ...direct },
          { name: "dns", target: 5454, protocol: "UDP", ...direct },
        ],
      });
      const after = await portsOf(trial, second);
      expect([...after.keys()].sort()).to.deep.equal(["dns", "web"]);
      await answers(`127.0.0.1:${another}`, askTcp, "tcp 9090");
      await answers(after.get("dns")!.address, askUdp, "udp 5454");
      expect(await isOpen(published), "the old port").to.equal(false);
    },
  ),

  field(
    "ports.published ports.preserveClientIp ports.protocol",
    "of the mesh are the engine's choice or the recipe's",
    async (trial) => {
      // Whether they are open depends on the node: there are kernels without IPVS.
      const published = await freePort();
      const first = await trial.deploy({
        ports: [
          { name: "http", target: 8080 },
          { name: "dns", target: 53, protocol: "UDP" },
        ],
      });
      const chosen = await portsOf(trial, first);
      expect(chosen.get("http")!.published).to.be.within(30_000, 32_767);
      expect(chosen.get("dns")).to.include({ target: 53, protocol: "UDP" });
      expect((await trial.service(first.ref)).Endpoint!.Ports).to.deep.include({
        ...{ Name: "http", Protocol: "tcp", TargetPort: 8080, PublishMode: "ingress" },
        PublishedPort: chosen.get("http")!.published,
      });
      expect(await networksOf(trial, first)).to.have.property("ingress");
      const second = await trial.rebuild(first, { ports: [{ name: "http", target: 8080, published }] });
      expect([...(await portsOf(trial, second)).values()]).to.have.length(1);
      expect((await portsOf(trial, second)).get("http")).to.include({ target: 8080, published });
      const direct = await trial.rebuild(second, {
        ports: [{ name: "http", target: 8080, published, preserveClientIp: true }],
      });
      expect((await trial.container(direct)).NetworkSettings.Ports["8080/tcp"]![0]!.HostPort).to.equal(
        `${published}`,
      );
      expect(await networksOf(trial, direct)).not.to.have.property("ingress");
    },
  ),

  field("endpointMode", "makes its name an address of all replicas, or those of each", async (trial) => {
    const first = await trial.deploy({ endpointMode: "VIP" }, { replicas: 2 });
    const look = await trial.deploy({ endpointMode: "DNSRR" }, {}, trial.ref({ name: "look" }));
    const virtual = async ({ ref }: Target) => {
      const { VirtualIPs = [] } = (await trial.service(ref)).Endpoint as { VirtualIPs?: { Addr: string }[] };
      return VirtualIPs.map(({ Addr }) => Addr.split("/")[0]!);
    };
    const addresses = async ({ ref }: Target) =>
      (await trial.containers(ref)).map(
        ({ NetworkSettings }) => NetworkSettings.Networks[trial.scoped("default")]!.IPAddress,
      );
    const [vip] = await virtual(first);
    expect(await resolved(trial, look, "orders")).to.deep.equal([vip]);
    expect(await addresses(first)).not.to.include(vip);
    expect(await resolved(trial, look, "look")).to.deep.equal(await addresses(look));
    const second = await trial.rebuild(first, { endpointMode: "DNSRR" });
    expect(await virtual(second)).to.deep.equal([]);
    // The engine knows the one of before as long as any replica was there all the time.
    const rest = (await resolved(trial, look, "orders")).filter((address) => address !== vip);
    expect(rest).to.have.members(await addresses(second));
    const third = await trial.rebuild(second, { endpointMode: null });
    expect(await virtual(third)).to.have.length(1);
  }),

  field("networks", "are made when they are missing, and taken as they are when there", async (trial) => {
    const given = `given-${trial.environmentId.slice(-12)}`;
    const made = await trial.lab.docker.createNetwork({ Name: given, Driver: "overlay", Attachable: true });
    trial.closing(() => made.remove());
    const first = await trial.deploy({ networks: ["back", "front"], endpointMode: "DNSRR" });
    const [back, front] = [trial.scoped("back"), trial.scoped("front")];
    expect(Object.keys(await networksOf(trial, first))).to.have.members([back, front]);
    const own = await trial.lab.docker.getNetwork(back).inspect();
    expect(own).to.include({ Driver: "overlay", Scope: "swarm" });
    expect(own.Labels).to.include({
      "rebake.installation": trial.installation,
      "rebake.environment-id": trial.environmentId,
      "rebake.name": "back",
    });
    const other = await trial.deploy({ networks: ["back"] }, {}, trial.ref({ name: "billing" }));
    const [address] = await resolved(trial, other, "orders");
    expect(address).to.equal((await networksOf(trial, first))[back]!.IPAddress);

    const second = await trial.rebuild(first, { networks: [given, "front"], endpointMode: "DNSRR" });
    expect(Object.keys(await networksOf(trial, second))).to.have.members([given, front]);
    expect(await resolved(trial, other, "orders")).to.deep.equal([]);
    const third = await trial.rebuild(second, { networks: [] });
    expect(Object.keys(await networksOf(trial, third))).to.deep.equal([trial.scoped("default")]);
    await trial.until("the network that nobody is on any more is gone", async () => {
      const remains = await trial.remains();
      return !remains.includes(`network ${front}`) && remains.includes(`network ${back}`);
    });
    await trial.remove(third.ref);
    await trial.remove(other.ref);
    expect((await made.inspect()).Name).to.equal(given);
  }),
];
