import { expect } from "chai";
import { featuresOf, shortVersion, type Version } from "../../../src/drivers/kubernetes/version.js";

const versions: [told: Version, short: string, daemonSurge: boolean][] = [
  [{ gitVersion: "v1.20.2", major: "1", minor: "20" }, "1.20", false],
  [{ gitVersion: "v1.21.14-gke.700", major: "1", minor: "21+" }, "1.21", false],
  [{ gitVersion: "v1.22.0", major: "1", minor: "22" }, "1.22", true],
  [{ gitVersion: "v1.31.2+k3s1", major: "1", minor: "31" }, "1.31", true],
  [{ gitVersion: "v1.30.5-eks-ce1d5eb", major: "1", minor: "30+" }, "1.30", true],
  [{ gitVersion: "v1.24.1" }, "1.24.1", true],
  [{ gitVersion: "v1.9.3", major: "", minor: "" }, "1.9.3", false],
  [{ gitVersion: "v0.0.0-master+faecb196", major: "", minor: "" }, "0.0.0-master+faecb196", false],
  [{ gitVersion: "" }, "", false],
];

describe("versions of Kubernetes", () => {
  for (const [told, short, daemonSurge] of versions) {
    it(`are ${short || "not known"} for "${told.gitVersion}"`, () => {
      expect(shortVersion(told)).to.equal(short);
      expect(featuresOf(told)).to.deep.equal({ daemonSurge });
    });
  }
});
