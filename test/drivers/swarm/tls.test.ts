import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import { type AddressInfo, connect, createServer as createPlainServer, type Socket } from "node:net";
import { join } from "node:path";
import { createServer } from "node:tls";
import { promisify } from "node:util";
import { expect } from "chai";
import {
  ca as strangersCa,
  certificate as strangersCertificate,
  key as strangersKey,
} from "../../support/pems.js";
import { tempFolder } from "../../support/temp-folder.js";
import { Recorder } from "../bench.js";
import type { Scene } from "./scene.js";
import { dockerHost, onSwarm } from "./yard.js";

const run = promisify(execFile);

/** A certificate authority, and what it signed. */
interface Keys {
  ca: string;
  server: { cert: string; key: string };
  client: { cert: string; key: string };
}

async function makeKeys(folder: string): Promise<Keys> {
  const file = (name: string) => join(folder, name);
  const openssl = (...args: string[]) => run("openssl", args, { cwd: folder });
  const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  const authority = ["req", "-x509", ...curve, "-days", "2", "-subj", "/CN=test engines"];
  await openssl(...authority, "-keyout", "ca.key", "-out", "ca.pem");
  const signed = async (name: string, extension: string) => {
    await writeFile(file(`${name}.ext`), extension);
    await openssl("req", ...curve, "-subj", `/CN=${name}`, "-keyout", `${name}.key`, "-out", `${name}.csr`);
    const by = ["-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2"];
    await openssl(
      "x509",
      "-req",
      "-in",
      `${name}.csr`,
      ...by,
      "-extfile",
      `${name}.ext`,
      "-out",
      `${name}.pem`,
    );
    const [cert, key] = await Promise.all(
      [`${name}.pem`, `${name}.key`].map((one) => readFile(file(one), "utf8")),
    );
    return { cert: cert!, key: key! };
  };
  return {
    ca: await readFile(file("ca.pem"), "utf8"),
    server: await signed("server", "subjectAltName=IP:127.0.0.1\nextendedKeyUsage=serverAuth"),
    client: await signed("client", "extendedKeyUsage=clientAuth"),
  };
}

onSwarm("a Swarm engine behind TLS", (it, yard) => {
  const folder = tempFolder();
  let keys: Keys;
  before("make keys", async () => {
    keys = dockerHost ? await makeKeys(folder.path) : keys;
  });

  /** Hands on to the engine what comes from who has a certificate of the authority. */
  async function engine(scene: Scene): Promise<string> {
    const sockets = new Set<Socket>();
    const join = (one: Socket, other: Socket) => {
      for (const [here, there] of [
        [one, other],
        [other, one],
      ] as const) {
        sockets.add(here);
        here.on("error", () => undefined);
        here.on("close", () => {
          sockets.delete(here);
          there.destroy();
        });
        here.pipe(there);
      }
    };
    const options = { ca: keys.ca, ...keys.server, requestCert: true, rejectUnauthorized: true };
    const server = createServer(options, (socket) => join(socket, connect(new URL(dockerHost).pathname)));
    const front = createPlainServer((socket) =>
      socket.once("data", (first) => {
        if (first[0] === 22) {
          const behind = connect((server.address() as AddressInfo).port, "127.0.0.1");
          behind.write(first);
          join(socket, behind);
        } else {
          // As the engine itself does.
          socket.end("HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n");
        }
      }),
    );
    for (const one of [server, front]) {
      await new Promise<void>((resolve) => one.listen(0, "127.0.0.1", resolve));
      scene.closing(() => one.close());
    }
    scene.closing(() => {
      for (const socket of sockets) {
        socket.destroy();
      }
    });
    return `tcp://127.0.0.1:${(front.address() as AddressInfo).port}`;
  }

  it("is spoken to with the right keys: a service is deployed, heard and removed", async (scene) => {
    const host = await engine(scene);
    const { cert, key } = keys.client;
    yard.reach(scene.environmentId, { host, ca: keys.ca, certificate: cert, key });
    const driver = yard.newDriver();
    scene.closing(() => driver.close());
    scene.driver = driver;
    expect(await driver.check(scene.environmentId)).to.include({ reachable: true, error: null });
    const ref = scene.ref();
    const deployed = await scene.deploy(scene.target(ref, scene.tiny()));
    const lines: string[] = [];
    const { signal } = new AbortController();
    for await (const { line } of driver.logs(ref, { tail: 5, follow: false, signal })) {
      lines.push(line);
    }
    expect(lines).to.deep.equal(["begins as usual version  instance 1"]);
    await scene.expectStands(deployed);
    expect(await driver.remove(ref, new Recorder())).to.have.property("verdict", "SUCCEEDED");
  });

  it("says so when its certificate is not of the authority that was named", async (scene) => {
    const host = await engine(scene);
    const { cert, key } = keys.client;
    yard.reach(scene.environmentId, { host, ca: strangersCa, certificate: cert, key });
    const { reachable, error } = await yard.driver.check(scene.environmentId);
    expect(reachable).to.equal(false);
    expect(error, error!)
      .to.include(host)
      .and.to.match(/certificate is not signed by the CA of the connection/);
  });

  it("says so when it does not know the certificate that it is shown", async (scene) => {
    // Unlike Node, and like the engine, openssl tells who it refuses.
    const ways = ["-Verify", "1", "-verify_return_error", "-CAfile", "ca.pem"];
    const own = ["-cert", "server.pem", "-key", "server.key"];
    const args = ["s_server", "-accept", "127.0.0.1:0", ...own, ...ways];
    const server = spawn("openssl", args, { cwd: folder.path, stdio: ["pipe", "pipe", "ignore"] });
    const ended = once(server, "close");
    scene.closing(() => {
      server.kill();
      return ended;
    });
    let said = "";
    server.stdout.on("data", (chunk: Buffer) => {
      said += chunk.toString();
    });
    const port = await scene.until("openssl listens", () => /ACCEPT 127\.0\.0\.1:(\d+)/.exec(said)?.[1]);
    const host = `tcp://127.0.0.1:${port}`;
    const strangers = { certificate: strangersCertificate, key: strangersKey };
    yard.reach(scene.environmentId, { host, ca: keys.ca, ...strangers });
    const { reachable, error } = await yard.driver.check(scene.environmentId);
    expect(reachable).to.equal(false);
    expect(error, error!)
      .to.include(host)
      .and.to.match(/refuses the client certificate/);
    expect(error).not.to.include("PRIVATE KEY");
  });

  it("says so when it is spoken to without TLS", async (scene) => {
    const host = await engine(scene);
    yard.reach(scene.environmentId, { host, ca: null, certificate: null, key: null });
    const { reachable, error } = await yard.driver.check(scene.environmentId);
    expect(reachable).to.equal(false);
    expect(error, error!)
      .to.include(host)
      .and.to.match(/Client sent an HTTP request to an HTTPS server/);
  });

  it("says so when it has no TLS and is spoken to with it", async (scene) => {
    const line = await scene.onLine();
    const { cert, key } = keys.client;
    const host = line.url.replace("http:", "tcp:");
    yard.reach(scene.environmentId, { host, ca: keys.ca, certificate: cert, key });
    const { reachable, error } = await yard.driver.check(scene.environmentId);
    expect(reachable).to.equal(false);
    expect(error, error!).to.match(/does not speak TLS/);
  });
});
