import { execFile } from "node:child_process";
import { once } from "node:events";
import { mkdir, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { expect } from "chai";
import type { ContainerJob, ContainerProbe } from "../../../src/deployer/container/job.js";
import { containerBundle } from "../../../src/deployer/container-bundle.js";
import { livingOf } from "../../drivers/bench.js";
import { tempFolder } from "../../support/temp-folder.js";
import { jobOf } from "./container.js";

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
  const probe = (what: ContainerProbe, env = process.env) =>
    new Promise<{ code: number; said: string }>((resolve) => {
      const argv = [containerBundle().path, "--probe", JSON.stringify(what)];
      execFile(process.execPath, argv, { env }, (error, out, errors) =>
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

  describe("that is a program", () => {
    const folder = tempFolder();
    before(async () => {
      await mkdir(join(folder.path, "in"));
      await writeFile(join(folder.path, "password"), "s3cr3t\n");
    });
    const run = (exec: string[], job: Partial<ContainerJob> = {}, timeoutMs = 5000) => {
      const whole: ContainerJob = {
        nonce: "n",
        ...jobOf({
          cache: join(folder.path, "cache"),
          workingDir: join(folder.path, "in"),
          secretEnv: { PASSWORD: join(folder.path, "password") },
          ...job,
        }),
      };
      return probe({ exec, timeoutMs }, { ...process.env, REBAKE_JOB: JSON.stringify(whole) });
    };

    it("runs in the app's folder with its variables, secret ones too", async () => {
      const script = 'test "$PWD" = "$0" && test "$PASSWORD" = "$1" && test -z "$REBAKE_JOB"';
      const found = await run(["sh", "-c", script, join(folder.path, "in"), "s3cr3t\n"]);
      expect(found).to.deep.equal({ code: 0, said: "" });
    });

    it("says what the program says, or why there is none", async () => {
      expect(await run(["sh", "-c", "echo no database; exit 3"])).to.deep.equal({
        code: 1,
        said: "no database\n",
      });
      const { code, said } = await run(["nope"]);
      expect([code, said]).to.deep.equal([
        1,
        "nope cannot be executed (ENOENT) in the container: check the command, or use an image that has it.\n",
      ]);
      const source = { repository: "https://git.example/x.git", commit: "0".repeat(40), path: null };
      expect(await run(["true"], { source })).to.deep.equal({
        code: 1,
        said: "the app is not prepared yet\n",
      });
    });

    it("ends it with all it began when it takes too long", async () => {
      const { code, said } = await run(["sh", "-c", "sleep 1000 & wait"], {}, 300);
      expect([code, said]).to.deep.equal([1, "sh did not end within 300 ms\n"]);
      expect(livingOf(join(folder.path, "in"))).to.deep.equal([]);
    });
  });
});
