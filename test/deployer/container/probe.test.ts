import { execFile } from "node:child_process";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { expect } from "chai";
import type { ContainerProbe } from "../../../src/deployer/container/job.js";
import { containerBundle } from "../../../src/deployer/container-bundle.js";

describe("the probe in a container", () => {
  const servers: Server[] = [];
  afterEach(() => {
    for (const server of servers.splice(0)) {
      server.close();
      server.closeAllConnections();
    }
  });

  /** Answers `/204` with 204 and so on, without an end, everything else never; returns the port. */
  const open = async (host: string) => {
    const server = createServer((request, response) => {
      const status = Number(request.url!.slice(1, 4));
      if (status) {
        response.writeHead(status).flushHeaders();
      }
    });
    servers.push(server.listen(0, host));
    await once(server, "listening");
    return (server.address() as AddressInfo).port;
  };
  const closedPort = async () => {
    const port = await open("127.0.0.1");
    const server = servers.pop()!;
    await new Promise((resolve) => server.close(resolve));
    return port;
  };
  const probe = (what: ContainerProbe) =>
    new Promise<{ code: number; said: string }>((resolve) => {
      const argv = [containerBundle().path, "--probe", JSON.stringify(what)];
      execFile(process.execPath, argv, (error, out, errors) =>
        resolve({ code: error ? Number(error.code) : 0, said: out + errors }),
      );
    });
  const http = (port: number, path: string, timeoutMs = 5000) =>
    probe({ httpGet: true, port, path, timeoutMs });
  const tcp = (port: number) => probe({ tcp: true, port, timeoutMs: 5000 });

  it("passes with any status from 200 to 399, on either loopback address", async () => {
    const port = await open("127.0.0.1");
    for (const path of ["/200", "/204", "/302", "/399"]) {
      expect(await http(port, path)).to.deep.equal({ code: 0, said: "" });
    }
    expect(await tcp(port)).to.deep.equal({ code: 0, said: "" });
    const v6 = await open("::1").catch(() => null);
    if (v6 !== null) {
      expect(await http(v6, "/200")).to.deep.equal({ code: 0, said: "" });
      expect(await tcp(v6)).to.deep.equal({ code: 0, said: "" });
    }
  });

  it("says in a line what it found instead", async () => {
    const port = await open("127.0.0.1");
    expect(await http(port, "/500?a=b")).to.deep.equal({
      code: 1,
      said: "GET /500?a=b answered 500\n",
    });
    expect(await http(port, "/404")).to.deep.equal({ code: 1, said: "GET /404 answered 404\n" });
    expect(await http(port, "/slow", 200)).to.deep.equal({
      code: 1,
      said: "GET /slow was not answered within 200 ms\n",
    });
    const closed = await closedPort();
    const nobody = { code: 1, said: `nothing listens on port ${closed}\n` };
    expect(await http(closed, "/200")).to.deep.equal(nobody);
    expect(await tcp(closed)).to.deep.equal(nobody);
  });
});
