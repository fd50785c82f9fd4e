import { expect } from "chai";
import { EngineAway, EngineRefusal } from "../../../src/drivers/engine/answers.js";
import { ApiRefusal, type Cluster } from "../../../src/drivers/kubernetes/cluster.js";
import { answer, refusal, ScriptedApi, token } from "./scripted-api.js";

const path = "/api/v1/namespaces/shop/pods/a";
const pod = { metadata: { name: "a" } };

describe("calls to an API server", () => {
  let api: ScriptedApi;
  let cluster: Cluster;

  beforeEach(async () => {
    api = await ScriptedApi.open();
    cluster = await api.cluster();
  });

  afterEach(async () => {
    cluster.close();
    await api.close();
  });

  const get = (of = cluster) => of.get("pod", path);
  async function failure(of: Promise<unknown>): Promise<Error> {
    const error: unknown = await of.then(
      () => expect.fail("nothing was refused"),
      (reason) => reason,
    );
    expect(error).to.be.instanceOf(Error);
    const { message, stack = "" } = error as Error;
    expect(`${message} ${stack} ${JSON.stringify(error)}`).not.to.include(token);
    return error as Error;
  }

  it("have the credential of the connection, and are counted by their names", async () => {
    api.next("GET", answer(200, pod), answer(200, pod));
    expect(await get()).to.deep.equal(pod);
    await get();
    expect(api.asked.map(({ authorization }) => authorization)).to.deep.equal(
      Array(2).fill(`Bearer ${token}`),
    );
    await cluster.list("pods", "/api/v1/namespaces/shop/pods");
    expect(Object.fromEntries(cluster.calls)).to.deep.equal({ "get pod": 2, "list pods": 1 });
  });

  it("give nothing for what is not there", async () => {
    expect(await get()).to.equal(null);
    await cluster.remove("pod", path);
  });

  it("say whose change it is, and are of the kind that the API wants", async () => {
    const seen: [string | undefined, string | undefined, string][] = [];
    api.next(
      "P",
      ...[1, 2, 3].map(
        () =>
          (
            request: Parameters<ReturnType<typeof answer>>[0],
            response: Parameters<ReturnType<typeof answer>>[1],
          ) => {
            const chunks: Buffer[] = [];
            request.on("data", (chunk) => chunks.push(chunk));
            request.on("end", () => {
              seen.push([request.method, request.headers["content-type"], Buffer.concat(chunks).toString()]);
              answer(200, pod)(request, response);
            });
          },
      ),
    );
    await cluster.create("pod", "/api/v1/namespaces/shop/pods", { é: 1 });
    await cluster.apply("pod", path, pod);
    await cluster.patch("pod", path, [{ op: "test" }]);
    expect(seen).to.deep.equal([
      ["POST", "application/json", '{"é":1}'],
      ["PATCH", "application/apply-patch+yaml", JSON.stringify(pod)],
      ["PATCH", "application/json-patch+json", '[{"op":"test"}]'],
    ]);
    const queries = api.asked.map(({ query }) => Object.fromEntries(query));
    expect(queries).to.deep.equal([
      { fieldManager: "rebake" },
      { fieldManager: "rebake", force: "true" },
      { fieldManager: "rebake" },
    ]);
  });

  it("are refused in the API server's own words, with its reason", async () => {
    api.next("GET", refusal(409, "Conflict", "the object has been modified"));
    const error = await failure(get());
    expect(error)
      .to.be.instanceOf(ApiRefusal)
      .and.to.include({
        ...{ status: 409, reason: "Conflict", message: "the object has been modified" },
      });
    api.next("GET", answer(401, "Unauthorized by something before it"), answer(302));
    expect(await failure(get())).to.include({ status: 401, message: "Unauthorized by something before it" });
    expect(await failure(get())).to.include({ status: 302, message: "HTTP 302" });
  });

  it("find a cluster away that cannot do its work just now", async () => {
    for (const status of [500, 502, 503, 504]) {
      api.next("GET", refusal(status, "", "etcdserver: request timed out"));
      expect(await failure(get()))
        .to.be.instanceOf(EngineAway)
        .with.property("message", "etcdserver: request timed out");
    }
    api.next("GET", answer(502, "<html>\n<p>Bad gateway</p></html>"), answer(503));
    expect((await failure(get())).message).to.include("Bad gateway");
    expect((await failure(get())).message).to.equal("HTTP 503");
  });

  it("are refused by what only looks like it: asked again, it would be the same", async () => {
    for (const message of [
      'Internal error occurred: failed calling webhook "policy.example": Post "https://policy": dial tcp: refused',
      'failed to create typed patch object: .spec.ports: duplicate entries for key [port=80,protocol="TCP"]',
    ]) {
      api.next("PATCH", refusal(500, "InternalError", message));
      expect(await failure(cluster.apply("pod", path, pod)))
        .to.be.instanceOf(EngineRefusal)
        .with.property("message", message);
    }
  });

  it("find a cluster away that is not there, hangs up, hangs or is something else", async () => {
    api.next("GET", (_, response) => response.destroy());
    expect(await failure(get()))
      .to.be.instanceOf(EngineAway)
      .with.property("message", "ECONNRESET");
    api.next("GET", (_, response) => {
      response.writeHead(200, { "content-length": "100" });
      response.write("{", () => response.destroy());
    });
    expect(await failure(get())).to.be.instanceOf(EngineAway);
    api.next("GET", answer(200, "<html>Welcome</html>"));
    expect((await failure(get())).message).to.equal("what answers there is no API server: it speaks no JSON");
    const impatient = await api.cluster(50);
    api.next("GET", () => {});
    expect((await failure(get(impatient))).message).to.equal("it did not answer within 0.05 s");
    api.next("GET", (_, response) => {
      response.writeHead(200).write("{");
    });
    expect(await failure(get(impatient))).to.be.instanceOf(EngineAway);
    impatient.close();
    const bringBack = await api.goAway();
    // Of a connection that was kept, or a new one.
    expect(await failure(get()))
      .to.be.instanceOf(EngineAway)
      .with.property("message")
      .that.matches(/^ECONN/);
    await bringBack();
    expect(await get()).to.equal(null);
  });

  it("wait when there is too much to do, for as long as they are told to, and not for ever", async () => {
    const busy = refusal(429, "TooManyRequests", "slow down", { "retry-after": "1" });
    api.next("GET", busy, busy, answer(200, pod));
    const began = Date.now();
    expect(await get()).to.deep.equal(pod);
    expect(Date.now() - began).to.be.within(1_990, 10_000);
    expect(api.asked).to.have.length(3);
    const soon = refusal(429, "TooManyRequests", "slow down", { "retry-after": "0.01" });
    api.next("GET", ...Array(6).fill(soon));
    expect(await failure(get())).to.include({ status: 429, message: "slow down" });
    expect(api.asked).to.have.length(9);
  });

  it("wait longer each time when they are not told how long", async () => {
    const busy = refusal(429, "TooManyRequests", "slow down");
    api.next("GET", busy, busy, answer(200, pod));
    await get();
    const [first, second, third] = api.asked.map(({ at }) => at);
    expect(second! - first!).to.be.at.least(490);
    expect(third! - second!).to.be.at.least(990);
  });

  it("leave what was aborted by its caller what it is", async () => {
    const stop = new AbortController();
    api.next("GET", () => stop.abort());
    const error = await failure(cluster.stream("log", `${path}/log`, {}, stop.signal));
    expect(error).to.have.property("name", "AbortError");
    expect(error).not.to.be.instanceOf(EngineAway);
  });

  it("are streams where they go on, refused as the others are", async () => {
    const signal = new AbortController().signal;
    api.next(
      "GET",
      answer(200, "one\ntwo\n"),
      refusal(400, "BadRequest", "container is waiting to start"),
      answer(200, "text"),
    );
    const stream = await cluster.stream("log", `${path}/log`, { follow: true, none: undefined }, signal);
    expect((await stream.toArray()).join("")).to.equal("one\ntwo\n");
    expect(api.asked[0]!.query.toString()).to.equal("follow=true");
    const refused = cluster.stream("log", `${path}/log`, {}, signal);
    expect(await failure(refused)).to.include({ status: 400, message: "container is waiting to start" });
    expect(await cluster.answer("log", `${path}/log`, signal)).to.deep.equal({ status: 200, text: "text" });
  });

  it("end when the cluster is closed", async () => {
    api.next("GET", () => cluster.close());
    expect(await failure(get())).to.be.instanceOf(EngineAway);
  });
});
