import { expect } from "chai";
import type { DataSource } from "typeorm";
import { EventLog } from "../../src/events/event-log.js";
import { LogReader } from "../../src/events/log-reader.js";
import { append } from "../events/emit.js";
import { MemoryLog } from "../events/memory-log.js";
import { testDatabase } from "../support/cluster.js";
import { eventually } from "../support/eventually.js";
import { SocketClient } from "./socket-client.js";
import { SocketServer, type SocketServerOptions } from "./socket-server.js";

const changes = "subscription ($after: String) { changes(after: $after) { cursor } }";
const upTo = (last: number, first = 1) => Array.from({ length: last - first + 1 }, (_, i) => `${i + first}`);

/** Cursors a client got for an id, in order. */
const cursorsOf = (client: SocketClient, id = "1") =>
  client
    .of(id)
    .filter((message) => message.type === "next")
    .map((message) => message.payload.data.changes.cursor);

describe("feeds over WebSocket", () => {
  let server: SocketServer;
  let log: MemoryLog;
  const clients: SocketClient[] = [];

  async function start(options: Partial<SocketServerOptions> = {}): Promise<void> {
    log = new MemoryLog();
    server = await SocketServer.start({ read: log.read, ...options });
  }
  async function open(token = "alice"): Promise<SocketClient> {
    const client = await SocketClient.open(server.url, { token });
    clients.push(client);
    return client;
  }
  const publish = (count: number, service?: string) => server.hub.publish(log.append(count, service));
  const live = (count: number) => eventually(() => server.hub.stats().live === count);

  afterEach(async () => {
    for (const client of clients.splice(0)) {
      client.stop();
    }
    await server.stop();
  });

  it("execute an event once for all who ask the same, whatever their spelling, token or beginning", async () => {
    await start();
    publish(2);
    const variants = [
      ["alice", changes, {}],
      ["alice", `# a comment\n${changes.replaceAll(" ", "  ")}`, {}],
      ["bob", changes, { after: "0" }],
      ["bob", changes, { after: "1" }],
    ] as const;
    for (const [token, query, variables] of variants) {
      (await open(token)).subscribe("1", query, variables);
    }
    await live(4);
    const before = server.executed.length;
    const batches = server.batches;
    publish(30);
    await eventually(() => clients.every((client) => cursorsOf(client).at(-1) === "32"));
    expect(server.hub.stats().channels).to.equal(1);
    expect(server.executed.length - before).to.equal(30);
    expect(server.batches - batches).to.equal(1);
    expect(clients.map((client) => cursorsOf(client).length)).to.deep.equal([30, 30, 32, 31]);
  });

  it("do not share what differs: fields, filters, scope", async () => {
    await start();
    (await open()).subscribe("1", changes);
    (await open()).subscribe("1", "subscription { changes { cursor service } }");
    (await open()).subscribe("1", 'subscription { changes(services: ["svc_2"]) { cursor } }');
    (await open("carol")).subscribe("1", changes);
    await live(4);
    expect(server.hub.stats().channels).to.equal(4);
    publish(1, "svc_1");
    publish(1, "svc_2");
    await eventually(() => clients.every((client) => cursorsOf(client).at(-1) === "2"));
    expect(cursorsOf(clients[2]!)).to.deep.equal(["2"]);
    expect(server.executed.length).to.equal(7);
  });

  it("deliver an error of a field as the result of its event", async () => {
    await start();
    const client = await open();
    client.subscribe("1", "subscription { changes { cursor broken } }");
    await live(1);
    publish(2);
    await eventually(() => cursorsOf(client).length === 2);
    const { payload } = client.of("1")[0]!;
    expect(payload.data).to.deep.equal({ changes: { cursor: "1", broken: null } });
    expect(payload.errors).to.deep.equal([{ message: "Internal error", extensions: { code: "INTERNAL" } }]);
  });

  it("send nothing after the client completed them, and complete with their last event", async () => {
    await start();
    const client = await open();
    client.subscribe("1", changes);
    client.subscribe("2", changes);
    await live(2);
    client.complete("1");
    await live(1);
    publish(1);
    const [stopped] = log.append(1);
    Object.assign(stopped!.payload, { state: "STOPPED" });
    server.hub.publish([stopped!]);
    expect(await client.typesUntil("2", "complete")).to.deep.equal(["next", "next", "complete"]);
    expect(client.of("1")).to.deep.equal([]);
    expect(server.hub.stats().channels).to.equal(0);
  });

  it("end with the socket", async () => {
    await start();
    const client = await open();
    client.subscribe("1", changes);
    await live(1);
    client.stop();
    await live(0);
    await eventually(() => server.sockets.size === 0);
  });

  it("put all frames of one tick into one write", async () => {
    await start();
    const client = await open();
    client.subscribe("1", changes);
    await live(1);
    const before = server.writes;
    publish(100);
    await eventually(() => cursorsOf(client).length === 100);
    expect(server.writes - before).to.equal(1);
  });

  it("close a subscriber that stops reading with its cursor, at a bounded cost, others unaffected", async function () {
    this.timeout(120_000);
    await start({ limits: { stallTimeout: 1_000, pingInterval: 60_000 } });
    const query = "subscription ($after: String) { changes(after: $after) { cursor filler(length: 10000) } }";
    const [fast, stuck] = [await open(), await open()];
    for (const client of [fast, stuck]) {
      client.subscribe("1", query);
    }
    await live(2);
    stuck.ws.pause();
    let most = 0;
    for (let published = 0; published < 3_000; published += 100) {
      publish(100);
      await eventually(() => fast.of("1").length === published + 100);
      most = Math.max(most, server.sockets.bufferedBytes());
    }
    // 30 MB were published; a batch may come on top of the bound.
    expect(most).to.be.lessThan(3 * 1024 * 1024);
    await eventually(() => server.hub.stats().catchingUp === 0);
    stuck.ws.resume();
    expect(await stuck.closeCode()).to.equal(1013);
    const got = cursorsOf(stuck);
    expect(stuck.closed!.reason).to.equal(`resume after ${got.at(-1)}`);
    expect(got).to.deep.equal(upTo(got.length));
    expect(got.length).to.be.lessThan(3_000);
    const resumed = await open();
    resumed.subscribe("1", query, { after: got.at(-1) });
    await eventually(() => cursorsOf(resumed).length === 3_000 - got.length, { deadline: 20_000 });
    expect(cursorsOf(resumed)).to.deep.equal(upTo(3_000, got.length + 1));
    expect(fast.closed).to.equal(null);
  });

  it("stop listening to a client that asks without taking the answers", async function () {
    this.timeout(120_000);
    await start({ limits: { operationsPerSocket: 1_000, pingInterval: 100, stallTimeout: 60_000 } });
    const client = await open();
    client.ws.pause();
    for (let i = 0; i < 200; i++) {
      client.subscribe(`${i}`, `{ filler(length: 500000) }${" ".repeat(30_000)}`);
    }
    await eventually(() => server.sockets.bufferedBytes() > 1024 * 1024);
    const other = await open();
    for (let i = 0; i < 100; i++) {
      other.subscribe(`${i}`, "{ actor }");
      await other.typesUntil(`${i}`, "complete");
    }
    expect(server.sockets.bufferedBytes()).to.be.lessThan(10 * 1024 * 1024);
    client.ws.resume();
    await eventually(() => client.of("199").length === 2, { deadline: 60_000 });
  });

  describe("from a database", () => {
    const database = testDatabase();
    let dataSource: DataSource;
    let reader: LogReader;

    beforeEach(async () => {
      dataSource ??= (await database.open()).dataSource;
      const events = new EventLog(dataSource);
      server = await SocketServer.start({ read: events.read, checkCursor: (after) => events.check(after) });
      reader = new LogReader({
        log: events,
        deliver: (batch) => server.hub.publish(batch),
        onGap: (error, head) => server.hub.lost(error, head),
        onError: (error) => server.errors.push(error),
      });
      server.hub.start(await reader.start());
    });
    afterEach(() => reader.stop());

    it("resume across dropped sockets with each event once and in order, while writers go on", async function () {
      this.timeout(120_000);
      const first = await reader.start();
      let writing = true;
      const writers = [1, 2, 3].map(async () => {
        while (writing) {
          reader.wake(await append(dataSource, 3));
        }
      });
      const got: string[] = [];
      for (let round = 0; round < 12; round++) {
        const client = await open();
        client.subscribe("1", changes, { after: got.at(-1) ?? `${first}` });
        await eventually(() => cursorsOf(client).length > 20 * (round % 4));
        client.stop();
        await eventually(() => client.closed);
        got.push(...cursorsOf(client));
      }
      writing = false;
      await Promise.all(writers);
      expect(got).to.deep.equal(upTo(Number(got.at(-1)), Number(first) + 1));
      expect(got.length).to.be.greaterThan(300);
      expect(server.errors).to.deep.equal([]);
    });

    it("say what is wrong with a cursor", async () => {
      await append(dataSource, 5);
      await dataSource.query("update event_counter set expired_cursor = 3");
      const client = await open();
      const wrong = { expired: "2", future: "999999", text: "x" };
      for (const [id, after] of Object.entries(wrong)) {
        client.subscribe(id, changes, { after });
        await client.typesUntil(id, "complete");
      }
      const codes = Object.keys(wrong).map((id) => client.of(id)[0]!.payload.errors[0].extensions.code);
      expect(codes).to.deep.equal(["CURSOR_EXPIRED", "CURSOR_INVALID", "CURSOR_INVALID"]);
    });
  });
});
