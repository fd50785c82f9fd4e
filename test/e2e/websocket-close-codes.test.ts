import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { closeCodeOf, SocketClient } from "../api/socket-client.js";
import { eventually } from "../support/eventually.js";
import { RebakeProcess } from "../support/rebake-process.js";
import { tempFolder } from "../support/temp-folder.js";

const silent = "subscription { updateAvailable { cursor } }";

const init = (authorization: string) => ({ type: "connection_init", payload: { authorization } });

/** The code, what a client does wrong, and whether it does so on an acknowledged socket or on a new one. */
const wrongs: [number, string, "acknowledged" | "new", (client: SocketClient) => void][] = [
  [4400, "text that is no JSON", "acknowledged", (client) => client.send("hello")],
  [4400, "a message of a type nobody knows", "acknowledged", (client) => client.send({ type: "start" })],
  [
    4400,
    "a subscribe without a query",
    "acknowledged",
    (client) => client.send({ type: "subscribe", id: "1" }),
  ],
  [4401, "a subscribe before the acknowledgement", "new", (client) => client.subscribe("1", silent)],
  [4403, "a token nobody knows", "new", (client) => client.send(init("Bearer nobody"))],
  [4403, "no token", "new", (client) => client.send({ type: "connection_init" })],
  [
    4409,
    "an id that is in use",
    "acknowledged",
    (client) => {
      client.subscribe("1", silent);
      client.subscribe("1", silent);
    },
  ],
  [4429, "a second connection_init", "acknowledged", (client) => client.send({ type: "connection_init" })],
];

describe("graphql-transport-ws, spoken by hand to the real server", function () {
  this.timeout(120_000);
  // Hooks run in their order: before the folder goes.
  after(async () => {
    for (const client of clients) {
      client.stop();
    }
    await RebakeProcess.endAll();
  });
  const folder = tempFolder();
  const clients: SocketClient[] = [];
  let rebake: RebakeProcess;
  let token: string;

  async function open(acknowledged: boolean): Promise<SocketClient> {
    const url = `${rebake.url.replace("http", "ws")}/graphql`;
    const client = await SocketClient.open(url, { token: acknowledged ? token : null });
    clients.push(client);
    return client;
  }

  before("start the server", async () => {
    rebake = await RebakeProcess.start(join(folder.path, "home"));
    token = (await readFile(join(folder.path, "home", "admin-token"), "utf8")).trim();
  });
  for (const [code, what, state, act] of wrongs) {
    it(`closes with ${code} on ${what}`, async () => {
      const client = await open(state === "acknowledged");
      act(client);
      expect(await client.closeCode()).to.equal(code);
      expect(client.closed!.reason).not.to.equal("");
    });
  }

  it("closes with 4406 on another subprotocol", async () => {
    expect(await closeCodeOf(Number(new URL(rebake.url).port), "graphql-ws")).to.equal(4406);
  });

  it("closes with 4408 when connection_init does not come within 10 seconds", async () => {
    const client = await open(false);
    const closed = await eventually(() => client.closed, { deadline: 15_000 });
    expect(closed.code).to.equal(4408);
  });

  it("answers a ping with a pong that has its payload, before and after the acknowledgement", async () => {
    for (const client of [await open(false), await open(true)]) {
      client.send({ type: "ping", payload: { n: [1, "two"] } });
      const pong = await client.next((message) => message.type === "pong");
      expect(pong.payload).to.deep.equal({ n: [1, "two"] });
    }
  });

  it("sends no complete after an error, and lets ids be used again once they have ended", async () => {
    const client = await open(true);
    client.subscribe("1", "{ nothing }");
    expect(await client.typesUntil("1", "error")).to.deep.equal(["error"]);
    client.subscribe("1", "{ __typename }");
    expect(await client.typesUntil("1", "complete")).to.deep.equal(["error", "next", "complete"]);
    client.subscribe("1", silent);
    client.complete("1");
    client.subscribe("1", "{ __typename }");
    await eventually(() => client.of("1").length === 5);
    expect(client.of("1").map(({ type }) => type)).to.deep.equal([
      "error",
      "next",
      "complete",
      "next",
      "complete",
    ]);
    expect(client.closed).to.equal(null);
  });

  it("closes with 1001 when it stops", async () => {
    const client = await open(true);
    client.subscribe("1", silent);
    expect(await rebake.end("SIGTERM")).to.equal(0);
    expect(await client.closeCode()).to.equal(1001);
  });
});
