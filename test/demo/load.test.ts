import { setTimeout as delay } from "node:timers/promises";
import { expect } from "chai";
import { startLoad } from "../../demo/load.js";
import { type SmallServer, shopAnswer, smallServer } from "./small-server.js";

describe("the demo's load", () => {
  const servers: SmallServer[] = [];
  const serve = async (...args: Parameters<typeof smallServer>) => {
    servers.push(await smallServer(...args));
    return servers.at(-1)!;
  };
  afterEach(() => Promise.all(servers.splice(0).map((each) => each.close())));

  it("sends 200 a second to two services, half of them on new connections", async () => {
    const seen = { keepAlive: 0, close: 0 };
    const sockets = new Set<unknown>();
    const one = await serve((request, response) => {
      const own = request.headers.connection === "close";
      seen[own ? "close" : "keepAlive"] += 1;
      sockets.add(request.socket);
      shopAnswer("a")(request, response);
    });
    const other = await serve(shopAnswer("b"));
    const load = startLoad({
      services: [
        { name: "one", url: one.url },
        { name: "other", url: other.url },
      ],
      requestsPerSecond: 200,
    });
    await delay(1500);
    const report = await load.stop();

    expect(report.failed).to.equal(0);
    expect(report.requestsPerSecond).to.be.within(195, 205);
    expect(report.services.map(({ sent }) => sent / report.sent)).to.satisfy((shares: number[]) =>
      shares.every((share) => share > 0.49 && share < 0.51),
    );
    expect(seen.close - seen.keepAlive).to.be.within(-1, 1);
    expect(sockets.size, "keep-alive connections are used again").to.be.lessThan(seen.close + 30);
    expect([...report.services[1]!.generations.keys()]).to.deep.equal(["b"]);
    expect(report.services[0]!.p50).to.be.within(0.01, 500);
  });

  it("keeps its schedule while nothing answers, and counts that as failed", async () => {
    const mute = await serve(() => {});
    const load = startLoad({
      services: [{ name: "mute", url: mute.url }],
      requestsPerSecond: 200,
      timeoutMs: 300,
    });
    const began = performance.now();
    await delay(600);
    const report = await load.stop();
    const due = ((performance.now() - began) / 1000) * 200;

    // Nothing is sent while it stops, so it may be less than due by then, never more.
    expect(report.sent).to.be.within(100, due + 2);
    expect(report.failed).to.equal(report.sent);
    expect([...report.services[0]!.reasons]).to.deep.equal([["no answer in 300 ms", report.sent]]);
    expect(report.services[0]!.longestGap).to.be.at.least(590);
  });

  it("counts wrong and broken answers with their reasons and tries none again", async () => {
    let asked = 0;
    const moody = await serve((request, response) => {
      asked += 1;
      const mood = asked % 5;
      if (mood === 0) {
        response.writeHead(500).end();
      } else if (mood === 1) {
        request.socket.destroy();
      } else if (mood === 2) {
        response.writeHead(200, { "content-length": 100 });
        response.write("half");
        setImmediate(() => request.socket.destroy());
      } else if (mood === 3) {
        response.end("something else");
      } else {
        shopAnswer("a")(request, response);
      }
    });
    const load = startLoad({ services: [{ name: "moody", url: moody.url }], requestsPerSecond: 200 });
    await delay(500);
    const report = await load.stop();
    const { sent, failed, reasons } = report.services[0]!;

    expect(asked).to.equal(sent);
    expect(failed / sent).to.be.within(0.75, 0.85);
    expect([...reasons.keys()].sort()).to.deep.equal([
      "ECONNRESET",
      "answer cut off: ECONNRESET",
      "not the shop's answer",
      "status 500",
    ]);
  });

  it("sees that a service was away for a moment", async () => {
    const before = await serve(shopAnswer("before"));
    const load = startLoad({ services: [{ name: "gone", url: before.url }], requestsPerSecond: 200 });
    await delay(200);
    await before.close();
    servers.splice(0);
    await delay(300);
    await serve(shopAnswer("after"), before.port);
    await delay(200);
    const report = await load.stop();
    const { failed, longestGap, reasons, generations } = report.services[0]!;

    expect(failed).to.be.at.least(50);
    expect(reasons).to.include.keys("ECONNREFUSED");
    expect(longestGap).to.be.within(290, 600);
    expect([...generations.keys()]).to.deep.equal(["before", "after"]);
  });
});
