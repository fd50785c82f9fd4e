import { expect } from "chai";
import { challengeIn } from "../../../src/drivers/kubernetes/registry-token.js";

describe("a registry's challenge", () => {
  const bearer = (fields: object) => ({ scheme: "bearer", service: null, scopes: [], ...fields });
  const headers: [string | null, object | null][] = [
    [
      'Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:library/node:pull"',
      bearer({
        realm: "https://auth.docker.io/token",
        service: "registry.docker.io",
        scopes: ["repository:library/node:pull"],
      }),
    ],
    [
      'bearer REALM = "https://a/t" , scope="repository:a:pull,push repository:b:pull"',
      bearer({ realm: "https://a/t", scopes: ["repository:a:pull,push", "repository:b:pull"] }),
    ],
    ["Bearer realm=https://a/t", bearer({ realm: "https://a/t" })],
    ['Basic realm="a, Bearer realm=x"', { scheme: "basic" }],
    ['Basic realm="a \\"quoted\\" one", Bearer realm="https://a/t"', bearer({ realm: "https://a/t" })],
    ['Basic realm="r"', { scheme: "basic" }],
    ["Basic", { scheme: "basic" }],
    ["Negotiate, Basic realm=r", { scheme: "basic" }],
    ['Bearer service="r"', null],
    ["Negotiate", null],
    ['="', null],
    ["", null],
    [null, null],
  ];
  for (const [header, expected] of headers) {
    it(`is read from ${header}`, () => {
      expect(challengeIn(header)).to.deep.equal(expected);
    });
  }
});
