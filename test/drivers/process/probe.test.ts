import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { expect } from "chai";
import { recipeSpecSchema } from "../../../src/domain/recipe-spec.js";
import { tryProbe } from "../../../src/drivers/process/probe.js";

describe("an HTTP probe", () => {
  let server: Server;

  before(async () => {
    server = createServer((request, response) => {
      response.writeHead(Number(request.url!.slice(1)), { location: "/500" }).end();
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
  });
  after(() => server.close());

  for (const [status, passes] of [
    [200, true],
    [204, true],
    [302, true],
    [399, true],
    [400, false],
    [404, false],
    [500, false],
  ] as const) {
    it(`${passes ? "passes" : "fails"} on ${status} and follows no redirect`, async () => {
      const { readiness } = recipeSpecSchema.parse({ readiness: { httpGet: { path: `/${status}` } } });
      const ports = new Map([["http", (server.address() as AddressInfo).port]]);
      const result = await tryProbe(readiness!, { ports, execute: () => expect.fail("it runs no command") });
      expect(result.ok).to.equal(passes);
    });
  }
});
