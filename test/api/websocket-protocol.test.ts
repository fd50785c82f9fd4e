import { expect } from "chai";
import { MemoryLog } from "../events/memory-log.js";
import { eventually } from "../support/eventually.js";
import { closeCodeOf, SocketClient } from "./socket-client.js";
import { SocketServer, type SocketServerOptions } from "./socket-server.js";

describe("GraphQL over WebSocket", () => {
  let server: SocketServer;
  const clients: SocketClient[] = [];

  async function start(options: Partial<SocketServerOptions> = {}): Promise<void> {
    await server?.stop();
    server = await SocketServer.start({ read: new MemoryLog().read, ...options });
  }
  async function open(options: Parameters<typeof SocketClient.open>[1] = {}): Promise<SocketClient> {
    const client = await SocketClient.open(server.url, options);
    clients.push(client);
    return client;
  }

  before(() => start());
  afterEach(() => {
    for (const client of clients.splice(0)) {
      client.stop();
    }
  });
  after(() => server.stop());

  describe("closes with", () => {
    for (const text of [
      "{",
      "[]",
      '{"type":"what"}',
      '{"type":"subscribe","id":1}',
      '{"type":"connection_ack"}',
    ]) {
      it(`4400 on ${text}`, async () => {
        const client = await open();
        client.send(text);
        expect(await client.closeCode()).to.equal(4400);
      });
    }

    it("4400 on an id that is longer than sensible", async () => {
      const client = await open();
      client.subscribe("x".repeat(300), "{ actor }");
      expect(await client.closeCode()).to.equal(4400);
    });

    it("4401 on a subscribe before the acknowledgement", async () => {
      const client = await open({ token: null });
      client.subscribe("1", "{ actor }");
      expect(await client.closeCode()).to.equal(4401);
    });

    for (const payload of [undefined, {}, { authorization: "alice" }, { token: "mallory" }, { token: 7 }]) {
      it(`4403 on connection_init with ${JSON.stringify(payload)}`, async () => {
        const client = await open({ token: null });
        client.send({ type: "connection_init", payload });
        expect(await client.closeCode()).to.equal(4403);
      });
    }

    it("4406 on another subprotocol", async () => {
      expect(await closeCodeOf(server.port, "graphql-ws")).to.equal(4406);
    });

    it("4408 when connection_init does not come", async () => {
      await start({ limits: { initTimeout: 30 } });
      const client = await open({ token: null });
      expect(await client.closeCode()).to.equal(4408);
      await start();
    });

    it("4409 on an id that is in use", async () => {
      const client = await open();
      client.subscribe("1", "subscription { silent }");
      client.subscribe("1", "subscription { silent }");
      expect(await client.closeCode()).to.equal(4409);
    });

    it("4429 on a second connection_init", async () => {
      const client = await open();
      client.send({ type: "connection_init" });
      expect(await client.closeCode()).to.equal(4429);
    });

    it("1009 on a message that is too large", async () => {
      const client = await open();
      client.send(`{"type":"ping","payload":{"a":"${"x".repeat(70_000)}"}}`);
      expect(await client.closeCode()).to.equal(1009);
    });

    it("1001 when the server stops, after what is buffered", async () => {
      const client = await open();
      client.subscribe("1", "{ filler(length: 3000000) }");
      await eventually(() => server.sockets.size === 1);
      client.send({ type: "ping" });
      await client.next((message) => message.type === "pong");
      await start();
      expect(await client.closeCode()).to.equal(1001);
      expect(client.of("1")[0]!.payload.data.filler).to.have.length(3_000_000);
    });
  });

  it("takes a token in any spelling that is documented", async () => {
    for (const payload of [{ AUTHORIZATION: "bearer alice" }, { token: "alice" }]) {
      const client = await open({ token: null });
      client.send({ type: "connection_init", payload });
      await client.next((message) => message.type === "connection_ack");
    }
  });

  it("answers a ping with its payload", async () => {
    const client = await open();
    client.send({ type: "ping", payload: { n: 1 } });
    const pong = await client.next((message) => message.type === "pong");
    expect(pong.payload).to.deep.equal({ n: 1 });
  });

  it("executes queries with the caller's context", async () => {
    const client = await open({ token: "bob" });
    client.subscribe("1", "{ actor }");
    expect(await client.typesUntil("1", "complete")).to.deep.equal(["next", "complete"]);
    expect(client.of("1")[0]!.payload).to.deep.equal({ data: { actor: "Bob" } });
  });

  it("sends no complete after an error, and the id can be used again", async () => {
    const client = await open();
    client.subscribe("1", "{ nothing }");
    expect(await client.typesUntil("1", "error")).to.deep.equal(["error"]);
    client.subscribe("1", "{ actor }");
    expect(await client.typesUntil("1", "complete")).to.deep.equal(["error", "next", "complete"]);
  });

  it("applies the shared limits and masks errors, whichever way they come", async () => {
    const client = await open();
    const queries = {
      tokens: `{ ${"actor ".repeat(200)} }`,
      syntax: "{",
      result: "{ broken }",
      stream: "subscription { failing }",
      refused: "subscription { refused }",
      operation: "query A { actor } query B { actor }",
    };
    for (const [id, query] of Object.entries(queries)) {
      client.subscribe(id, query);
    }
    await eventually(() => Object.keys(queries).every((id) => client.of(id).at(-1)?.type !== undefined));
    expect(await client.typesUntil("tokens", "error")).to.deep.equal(["error"]);
    expect(await client.typesUntil("syntax", "error")).to.deep.equal(["error"]);
    expect(await client.typesUntil("operation", "error")).to.deep.equal(["error"]);
    expect(await client.typesUntil("result", "complete")).to.deep.equal(["next", "complete"]);
    expect(await client.typesUntil("stream", "error")).to.deep.equal(["next", "error"]);
    expect(await client.typesUntil("refused", "complete")).to.deep.equal(["next", "complete"]);
    expect(client.of("result")[0]!.payload.errors[0].extensions.code).to.equal("INTERNAL");
    expect(client.of("stream")[1]!.payload[0].extensions.code).to.equal("INTERNAL");
    expect(JSON.stringify(client.messages)).not.to.match(/secret|socket-server|node_modules/);
  });

  it("serves streams that are no feeds in the usual way", async () => {
    const client = await open();
    client.subscribe("1", "subscription { count(to: 3) }");
    await client.typesUntil("1", "complete");
    expect(client.of("1").map((message) => message.payload?.data.count)).to.deep.equal([1, 2, 3, undefined]);
  });

  it("lets an id be used again at once after the client completed it", async () => {
    const client = await open();
    for (const query of ["subscription { silent }", "subscription { changes { cursor } }", "{ patient }"]) {
      client.subscribe("1", query);
      client.complete("1");
    }
    client.subscribe("1", "{ actor }");
    await client.typesUntil("1", "complete");
    expect(client.of("1").map((message) => message.type)).to.deep.equal(["next", "complete"]);
    expect(client.closed).to.equal(null);
  });

  it("tells an operation when its caller has gone", async () => {
    const client = await open();
    client.subscribe("1", "{ patient }");
    client.send({ type: "ping" });
    await client.next((message) => message.type === "pong");
    client.complete("1");
    client.subscribe("1", "{ actor }");
    expect(await client.typesUntil("1", "complete")).to.deep.equal(["next", "complete"]);
  });

  it("bounds the operations of a socket and the sockets of a token", async () => {
    await start({ limits: { operationsPerSocket: 2, socketsPerToken: 2 } });
    const client = await open();
    for (const id of ["1", "2", "3"]) {
      client.subscribe(id, "subscription { silent }");
    }
    const refused = await client.next((message) => message.type === "error");
    expect([refused.id, refused.payload[0].extensions.code]).to.deep.equal(["3", "LIMIT_EXCEEDED"]);
    await open();
    const third = await open({ token: null });
    third.send({ type: "connection_init", payload: { token: "alice" } });
    expect(await third.closeCode()).to.equal(4403);
    client.stop();
    await eventually(() => server.sockets.size === 1);
    await open();
    await start();
  });

  it("closes when the token expires, is revoked or sees something else", async () => {
    await start({ limits: { pingInterval: 40, tokenInterval: 3_600_000 } });
    const [alice, bob, carol] = [await open(), await open({ token: "bob" }), await open({ token: "carol" })];
    server.tokens.delete("bob");
    server.tokens.set("carol", { actor: "Carol", scope: "other", expiresAt: null });
    server.tokens.set("alice", { actor: "Alice", scope: "all", expiresAt: new Date(Date.now() + 50) });
    await server.sockets.checkTokens();
    expect([await alice.closeCode(), await bob.closeCode(), await carol.closeCode()]).to.deep.equal([
      4403, 4403, 4403,
    ]);
    await start();
  });

  it("pings, and drops a socket that does not answer", async () => {
    await start({ limits: { pingInterval: 300 } });
    const sound = await open();
    const dead = await open();
    let pings = 0;
    sound.ws.on("ping", () => pings++);
    dead.ws.pause();
    await eventually(() => server.sockets.size === 1);
    await eventually(() => pings > 3);
    dead.ws.resume();
    expect([await dead.closeCode(), sound.closed]).to.deep.equal([1006, null]);
    await start();
  });

  it("accepts pages from its own origin and the listed ones only, on its path only", async () => {
    await start({ origins: ["https://listed.example"] });
    const attempt = async (url: string, origin?: string) => {
      const client = await SocketClient.open(url, { token: null, headers: origin ? { origin } : {} });
      clients.push(client);
      return client.ws.readyState === 1;
    };
    expect(await attempt(server.url)).to.equal(true);
    expect(await attempt(server.url, `http://127.0.0.1:${server.port}`)).to.equal(true);
    expect(await attempt(server.url, "https://listed.example")).to.equal(true);
    expect(await attempt(server.url, "https://other.example")).to.equal(false);
    expect(await attempt(server.url, "null")).to.equal(false);
    expect(await attempt(server.url.replace("/graphql", "/other"))).to.equal(false);
    await start();
  });
});
