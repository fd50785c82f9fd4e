import { Agent, createServer, request, type Server } from "node:http";
import { type AddressInfo, connect, createServer as createTcpServer, type Socket } from "node:net";
import { expect } from "chai";
import { PortProxy, type Upstream } from "../../../src/drivers/process/proxy.js";
import { until } from "../bench.js";

describe("the proxy of a published port", () => {
  const opened: { close(): void }[] = [];
  let proxy: PortProxy;
  let targets: Upstream[] = [];

  beforeEach(async () => {
    targets = [];
    proxy = await PortProxy.listen(0, "127.0.0.1", (avoid) => {
      const upstream = targets.find((one) => !avoid.has(one));
      return upstream ? { upstream, port: upstream.ports.get("http")! } : null;
    });
  });
  afterEach(() => {
    proxy.destroy();
    for (const one of opened.splice(0)) {
      one.close();
    }
    for (const { agent } of targets) {
      agent.destroy();
    }
  });

  const upstreamAt = (port: number): Upstream => {
    const agent = new Agent({ keepAlive: true });
    const upstream = { host: "127.0.0.1", ports: new Map([["http", port]]), agent, inFlight: 0 };
    targets.push(upstream);
    return upstream;
  };
  const serve = async (server: Server | ReturnType<typeof createTcpServer>): Promise<Upstream> => {
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    opened.push({
      close: () => {
        server.close();
        (server as Server).closeAllConnections?.();
      },
    });
    return upstreamAt((server.address() as AddressInfo).port);
  };
  const ask = (
    options: {
      method?: string;
      path?: string;
      headers?: Record<string, string | string[]>;
      body?: string;
    } = {},
  ) =>
    new Promise<{ status: number; text: string; headers: Record<string, unknown> }>((resolve, reject) => {
      const { body, ...rest } = options;
      const outgoing = request(
        { host: "127.0.0.1", port: proxy.address, agent: false, ...rest },
        (response) => {
          let text = "";
          response.setEncoding("utf8").on("data", (chunk: string) => {
            text += chunk;
          });
          response.on("error", reject);
          response.on("end", () =>
            resolve({ status: response.statusCode!, text, headers: response.headers }),
          );
        },
      );
      outgoing.on("error", reject).end(body);
    });

  it("passes on method, path, body, status and repeated headers, and says where a request came from", async () => {
    await serve(
      createServer((incoming, response) => {
        response.writeHead(
          207,
          [
            ["set-cookie", "a=1"],
            ["set-cookie", "b=2"],
            ["x-answer", "yes"],
          ].flat(),
        );
        let body = "";
        incoming.on("data", (chunk: Buffer) => {
          body += chunk.toString();
        });
        incoming.on("end", () =>
          response.end(JSON.stringify([incoming.method, incoming.url, body, incoming.headers])),
        );
      }),
    );
    const headers = {
      host: "shop.example",
      connection: "x-mine",
      "x-mine": "1",
      "x-forwarded-for": "10.0.0.9",
    };
    const answer = await ask({ method: "PATCH", path: "/a?b=%20c", headers, body: "text" });
    expect(answer.status).to.equal(207);
    expect(answer.headers).to.deep.include({ "set-cookie": ["a=1", "b=2"], "x-answer": "yes" });
    const [method, path, body, seen] = JSON.parse(answer.text);
    expect([method, path, body]).to.deep.equal(["PATCH", "/a?b=%20c", "text"]);
    expect(seen).to.include({
      host: "shop.example",
      "x-forwarded-for": "10.0.0.9, 127.0.0.1",
      "x-forwarded-host": "shop.example",
      "x-forwarded-proto": "http",
      "x-forwarded-port": String(proxy.address),
    });
    expect(seen).not.to.have.property("x-mine");
  });

  it("answers 503 while nothing serves, for upgrades too", async () => {
    const answer = await ask();
    expect(answer.status).to.equal(503);
    expect(JSON.parse(answer.text)).to.include({ code: "NOT_READY" });
    const upgrade = await ask({ headers: { connection: "Upgrade", upgrade: "websocket" } });
    expect(upgrade.status).to.equal(503);
  });

  it("tries the next instance when one refuses the connection", async () => {
    const gone = createTcpServer();
    const refusing = await serve(gone);
    await new Promise((resolve) => gone.close(resolve));
    await serve(createServer((_incoming, response) => response.end("second")));
    expect((await ask()).text).to.equal("second");
    expect(refusing.inFlight).to.equal(0);
  });

  it("does not let a stale upstream connection become a client's error", async () => {
    let served = 0;
    // Answers once per connection, then closes it without a word when the next request comes.
    const upstream = await serve(
      createTcpServer((socket: Socket) => {
        let requests = 0;
        socket.on("error", () => undefined);
        socket.on("data", () => {
          requests += 1;
          served += 1;
          requests === 1 ? socket.write("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok") : socket.destroy();
        });
      }),
    );
    for (let i = 0; i < 10; i++) {
      expect((await ask()).text).to.equal("ok");
      await until("the connection is kept", () => Object.keys(upstream.agent.freeSockets).length > 0);
    }
    expect(served).to.be.greaterThan(10);
    // One that must not be sent twice gets a connection that cannot be stale.
    expect((await ask({ method: "POST" })).text).to.equal("ok");
  });

  it("never sends a request with a body twice", async () => {
    let bodies = 0;
    await serve(
      createTcpServer((socket) => {
        socket.on("error", () => undefined);
        socket.once("data", () => {
          bodies += 1;
          socket.destroy();
        });
      }),
    );
    const answer = await ask({ method: "POST", body: "pay" });
    expect(answer.status).to.equal(502);
    expect(bodies).to.equal(1);
  });

  it("cuts the client off when the app breaks off in the middle of an answer", async () => {
    await serve(
      createTcpServer((socket) => {
        socket.on("error", () => undefined);
        socket.once("data", () => {
          socket.write("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf");
          setImmediate(() => socket.destroy());
        });
      }),
    );
    const error = await ask().catch((reason: unknown) => reason);
    expect(error).to.be.instanceOf(Error);
  });

  it("passes on answers in chunks, to HEAD and of unknown length, and uses its connection again", async () => {
    let connections = 0;
    const server = createServer((incoming, response) => {
      response.write("one,");
      setImmediate(() => response.end(incoming.url));
    });
    server.on("connection", () => {
      connections += 1;
    });
    const upstream = await serve(server);
    for (const path of ["/a", "/b"]) {
      expect((await ask({ path })).text).to.equal(`one,${path}`);
      expect((await ask({ path, method: "HEAD" })).text).to.equal("");
    }
    // A connection may come back a moment after the client has its answer.
    expect(connections).to.be.lessThan(4);
    expect(upstream.inFlight).to.equal(0);
  });

  it("holds the app back when a client reads slowly, and loses nothing", async () => {
    const size = 20_000_000;
    let sent = 0;
    await serve(
      createServer((_incoming, response) => {
        const more = () => {
          while (sent < size) {
            sent += 100_000;
            if (!response.write("x".repeat(100_000))) {
              response.once("drain", more);
              return;
            }
          }
          response.end();
        };
        response.setHeader("content-length", size);
        more();
      }),
    );
    const outgoing = request({ host: "127.0.0.1", port: proxy.address, agent: false }).end();
    const response = await new Promise<NodeJS.ReadableStream>((resolve) =>
      outgoing.once("response", resolve),
    );
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(sent).to.be.lessThan(size);
    let seen = 0;
    for await (const chunk of response) {
      seen += chunk.length;
    }
    expect(seen).to.equal(size);
  });

  it("answers 502 to what is no HTTP", async () => {
    await serve(
      createTcpServer(
        (socket) =>
          void socket
            .on("error", () => undefined)
            .resume()
            .end("SSH-2.0\r\n\r\n"),
      ),
    );
    expect((await ask()).status).to.equal(502);
  });

  it("tells the app when a client hangs up", async () => {
    let closed = false;
    const upstream = await serve(
      createServer((incoming) => {
        incoming.once("close", () => {
          closed = true;
        });
      }),
    );
    const client = connect(proxy.address, "127.0.0.1");
    client.write("GET / HTTP/1.1\r\nhost: x\r\n\r\n");
    await until("the request is in flight", () => upstream.inFlight === 1);
    client.destroy();
    await until("the app sees it", () => closed);
    await until("it is not in flight any more", () => upstream.inFlight === 0);
  });

  it("joins upgraded connections of any protocol and keeps what is said last", async () => {
    const server = createServer();
    server.on("upgrade", (_incoming, socket, head) => {
      socket.write("HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: echo\r\n\r\n");
      socket.write(head);
      socket.on("data", (data: Buffer) =>
        data.toString() === "end" ? socket.end("goodbye") : socket.write(data),
      );
      socket.on("end", () => socket.end());
    });
    const upstream = await serve(server);
    const client = connect(proxy.address, "127.0.0.1");
    let seen = "";
    client.on("data", (data) => {
      seen += data.toString();
    });
    const ended = new Promise((resolve) => client.once("end", resolve));
    client.write("GET / HTTP/1.1\r\nhost: x\r\nconnection: Upgrade\r\nupgrade: echo\r\n\r\nearly");
    await until("what was sent along comes back", () => seen.endsWith("early"));
    expect(upstream.inFlight).to.equal(1);
    client.write("end");
    await ended;
    expect(seen)
      .to.match(/^HTTP\/1.1 101 /)
      .and.match(/goodbye$/);
    client.end();
    await until("it is not in flight any more", () => upstream.inFlight === 0);
  });
});
