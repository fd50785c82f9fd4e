import { cp } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { SocketClient } from "../api/socket-client.js";
import { testDatabase } from "../support/cluster.js";
import { eventually } from "../support/eventually.js";
import { RebakeProcess } from "../support/rebake-process.js";
import { tempFolder } from "../support/temp-folder.js";

describe("a token that is revoked", function () {
  this.timeout(120_000);
  // Registered first, to run before their folder and database go.
  after(() => RebakeProcess.endAll());
  const database = testDatabase({ empty: true });
  const folder = tempFolder();
  let first: RebakeProcess;
  let second: RebakeProcess;
  let token: string;
  const clients: SocketClient[] = [];

  before(async () => {
    const [one, two] = [join(folder.path, "first"), join(folder.path, "second")];
    first = await RebakeProcess.start(one, { DATABASE_URL: database.url });
    await cp(join(one, "secret.key"), join(two, "secret.key"));
    second = await RebakeProcess.start(two, { DATABASE_URL: database.url });
    ({ token } = await first.mutate(
      `mutation { createAccessToken(input: { name: "two servers", environments: null }) {
         token errors { message } } }`,
    ));
  });

  const status = async ({ url }: RebakeProcess): Promise<number> => {
    const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
    const body = JSON.stringify({ query: "{ cursor }" });
    return (await fetch(`${url}/graphql`, { method: "POST", headers, body })).status;
  };

  it("is refused by every server within 5 seconds, and its sockets are closed", async () => {
    for (const { url } of [first, second]) {
      const client = await SocketClient.open(`${url.replace("http", "ws")}/graphql`, { token });
      client.subscribe("1", "subscription { updates { cursor } }");
      clients.push(client);
    }
    expect([await status(first), await status(second)]).to.deep.equal([200, 200]);
    const began = performance.now();
    await first.mutate(
      `mutation { revokeAccessToken(input: { accessToken: "two servers" }) { errors { message } } }`,
    );
    expect(await status(first)).to.equal(401);
    await eventually(async () => (await status(second)) === 401);
    expect(await Promise.all(clients.map((client) => client.closeCode()))).to.deep.equal([4403, 4403]);
    expect(performance.now() - began).to.be.below(5_000);
  });

  it("is made again for a server's own token when it starts", async () => {
    const { accessTokens } = await first.graphql("{ accessTokens { edges { node { id name } } } }");
    const names = accessTokens.edges.map(({ node }: { node: { name: string } }) => node.name);
    const own = names.filter((name: string) => name.startsWith("admin-"));
    expect(own).to.have.length(2);
    await first.mutate(
      "mutation($name: String!) { revokeAccessToken(input: { accessToken: $name }) { errors { message } } }",
      { name: own[1] },
    );
    await eventually(() =>
      second.graphql("{ cursor }").then(
        () => false,
        () => true,
      ),
    );
    await second.end("SIGTERM");
    second = await RebakeProcess.start(join(folder.path, "second"), { DATABASE_URL: database.url });
    expect(await second.graphql("{ cursor }")).to.have.property("cursor");
  });
});
