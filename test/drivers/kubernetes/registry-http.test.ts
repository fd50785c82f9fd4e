import { expect } from "chai";
import { mayAsk, registryAddress } from "../../../src/drivers/kubernetes/registry-http.js";

describe("a registry's address", () => {
  const addresses: [string, string | null][] = [
    ["docker.io", "https://registry-1.docker.io/"],
    ["ghcr.io", "https://ghcr.io/"],
    ["registry:5000", "https://registry:5000/"],
    ["10.0.0.1:5000", "https://10.0.0.1:5000/"],
    ["[fd00::1]:5000", "https://[fd00::1]:5000/"],
    ["localhost", "http://localhost/"],
    ["localhost:5000", "http://localhost:5000/"],
    ["127.0.0.1:5000", "http://127.0.0.1:5000/"],
    ["127.9.9.9", "http://127.9.9.9/"],
    ["[::1]:5000", "http://[::1]:5000/"],
    ["127.0.0.1.example", "https://127.0.0.1.example/"],
    ["localhost.example", "https://localhost.example/"],
    ["user@ghcr.io", null],
    ["1.2.3.4.5", null],
    ["", null],
  ];
  for (const [registry, address] of addresses) {
    it(`is ${address ?? "none"} for ${registry || "nothing"}`, () => {
      expect(registryAddress(registry)?.href ?? null).to.equal(address);
    });
  }

  it("says where it may send this server: by TLS, or from loopback to loopback", () => {
    const [far, near] = [new URL("https://ghcr.io"), new URL("http://127.0.0.1:5000")];
    const places: [string, boolean, boolean][] = [
      ["https://storage.example/x", true, true],
      ["http://storage.example/x", false, false],
      ["http://127.0.0.1:1/x", false, true],
      ["http://localhost:1/x", false, true],
      ["http://169.254.169.254/x", false, false],
      ["https://a:b@storage.example/x", false, false],
      ["ftp://127.0.0.1/x", false, false],
    ];
    for (const [url, fromFar, fromNear] of places) {
      expect([mayAsk(new URL(url), far), mayAsk(new URL(url), near)], url).to.deep.equal([fromFar, fromNear]);
    }
  });
});
