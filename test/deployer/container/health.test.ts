import { readFile, rm } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { expect } from "chai";
import { keepHealth } from "../../../src/deployer/container/health.js";
import { eventually } from "../../support/eventually.js";
import { tempFolder } from "../../support/temp-folder.js";

describe("the health of an app in a container", () => {
  const folder = tempFolder();
  let server: Server;
  let status = 500;
  let port: number;
  let file: string;

  beforeEach(async () => {
    file = join(folder.path, "health");
    await rm(file, { force: true });
    status = 500;
    server = createServer((_, response) => response.writeHead(status).end());
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    ({ port } = server.address() as AddressInfo);
  });
  afterEach(() => {
    server.close();
    server.closeAllConnections();
  });

  const says = (text: string) =>
    eventually(async () => (await readFile(file, "utf8").catch(() => "")) === `${text}\n`, {
      deadline: 10_000,
      what: `it says ${text}`,
    });
  const probe = () => ({ httpGet: true as const, port, path: "/", timeoutMs: 1_000 });

  it("is what its probe found last, and told again and again", async () => {
    void keepHealth({ file, probe: probe(), everySeconds: 1, delaySeconds: 0, settleSeconds: null });
    await says("GET / answered 500");
    status = 200;
    await says("ok");
    status = 503;
    await says("GET / answered 503");
  });

  it("stays ok where its start is all that is asked for", async () => {
    const kept = keepHealth({
      file,
      probe: { tcp: true, port, timeoutMs: 1_000 },
      everySeconds: 1,
      delaySeconds: 0,
      settleSeconds: 0,
    });
    await kept;
    await says("ok");
  });

  it("is ok at once for what listens nowhere", async () => {
    await keepHealth({ file, probe: null, everySeconds: 1, delaySeconds: 0, settleSeconds: 0 });
    expect(await readFile(file, "utf8")).to.equal("ok\n");
  });

  it("says that nothing listens", async () => {
    server.close();
    void keepHealth({ file, probe: probe(), everySeconds: 1, delaySeconds: 0, settleSeconds: 0 });
    await says(`nothing listens on port ${port}`);
  });
});
