import type { NetworkInterfaceInfo } from "node:os";
import { expect } from "chai";
import { StartError } from "../../src/errors.js";
import { advertisedUrl, type Whereabouts } from "../../src/install/advertise.js";
import type { DriverKind } from "../../src/operations/driver.js";

const at = (address: string, internal = false) =>
  [{ address, internal, family: address.includes(":") ? "IPv6" : "IPv4" }] as NetworkInterfaceInfo[];
const loopback = { lo: at("127.0.0.1", true) };
const host = { ...loopback, docker0: at("172.17.0.1"), eth0: at("192.168.1.10"), eth1: at("10.0.0.1") };

function found(
  config: { host: string; advertiseUrl?: string; installDriver?: DriverKind },
  interfaces: NodeJS.Dict<NetworkInterfaceInfo[]> = host,
  inside: Whereabouts["inside"] = null,
): string {
  return advertisedUrl(
    { advertiseUrl: null, installDriver: "SWARM", ...config },
    `http://${config.host.includes(":") ? `[${config.host}]` : config.host}:4000`,
    { interfaces, inside },
  );
}

function refusal(...args: Parameters<typeof found>): string {
  try {
    found(...args);
  } catch (error) {
    expect(error).to.be.instanceOf(StartError);
    return (error as StartError).message;
  }
  throw new Error("not refused");
}

describe("where containers reach the server", () => {
  it("is what is said, whatever it listens on", () => {
    const advertiseUrl = "https://rebake.example.com/api";
    expect(found({ host: "127.0.0.1", advertiseUrl })).to.equal(advertiseUrl);
    expect(found({ host: "0.0.0.0", advertiseUrl })).to.equal(advertiseUrl);
  });

  it("is the address it listens on", () => {
    expect(found({ host: "172.17.0.1" })).to.equal("http://172.17.0.1:4000");
    expect(found({ host: "fd00::1" })).to.equal("http://[fd00::1]:4000");
  });

  it("is an address that other hosts know this one by, when it listens on all", () => {
    expect(found({ host: "0.0.0.0" })).to.equal("http://192.168.1.10:4000");
    expect(found({ host: "::" })).to.equal("http://192.168.1.10:4000");
    expect(found({ host: "0.0.0.0" }, { ...loopback, docker0: at("172.17.0.1") })).to.equal(
      "http://172.17.0.1:4000",
    );
  });

  it("is nowhere, when only this host can come, and what to do is said", () => {
    for (const one of ["127.0.0.1", "localhost", "::1", "127.1.2.3"]) {
      expect(refusal({ host: one })).to.match(/set HOST=0\.0\.0\.0 \(.*http:\/\/192\.168\.1\.10:4000\)/);
    }
    expect(refusal({ host: "127.0.0.1" }, loopback)).to.match(/set HOST=0\.0\.0\.0, or REBAKE_ADVERTISE_URL/);
    expect(refusal({ host: "0.0.0.0" }, loopback)).to.include("set REBAKE_ADVERTISE_URL");
  });

  it("has to be said in a container, which does not know how it is published", () => {
    expect(refusal({ host: "0.0.0.0" }, host, "CONTAINER")).to.match(
      /set REBAKE_ADVERTISE_URL to where port 4000/,
    );
    expect(found({ host: "0.0.0.0", advertiseUrl: "http://node:4000" }, host, "CONTAINER")).to.equal(
      "http://node:4000",
    );
    expect(refusal({ host: "0.0.0.0", installDriver: "KUBERNETES" }, host, "POD")).to.match(
      /REBAKE_INSTALL_DRIVER=KUBERNETES .*runs in a pod: set REBAKE_ADVERTISE_URL to its Service/,
    );
  });
});
