import { once } from "node:events";
import { expect } from "chai";
import { WebSocketServer } from "ws";
import { openLiveSocket } from "../../demo/live-socket.js";
import { acrossCutOver, slowRequest } from "../../demo/slow-requests.js";
import { type SmallServer, shopAnswer, smallServer } from "./small-server.js";

describe("the demo's live socket", () => {
  let http: SmallServer;
  let sockets: WebSocketServer;
  beforeEach(async () => {
    http = await smallServer(shopAnswer("a"));
    sockets = new WebSocketServer({ server: http.server, path: "/live" });
    sockets.on("connection", (socket) => socket.on("message", (data) => socket.send(data.toString())));
  });
  afterEach(async () => {
    sockets.close();
    await http.close();
  });

  it("works, and tells how the app said goodbye", async () => {
    const live = openLiveSocket(http.url, 10);
    await live.ready;
    sockets.clients.forEach((socket) => {
      socket.close(1001, "going away, come back");
    });
    const report = await live.closed;
    expect(report).to.include({ code: 1001, reason: "going away, come back" });
    expect(report.echoes).to.be.at.least(1);
    expect(report.closedAt! - report.lastEchoAt!).to.be.within(0, 1000);
  });

  it("tells that it was cut", async () => {
    const live = openLiveSocket(http.url, 10);
    await live.ready;
    sockets.clients.forEach((socket) => {
      socket.terminate();
    });
    expect(await live.closed).to.include({ code: 1006, reason: "" });
  });

  it("does not get ready where nothing listens", async () => {
    const gone = await smallServer(shopAnswer("a"));
    await gone.close();
    const live = openLiveSocket(gone.url);
    const error = await live.ready.then(
      () => null,
      (reason: Error) => reason,
    );
    expect(error?.message).to.include("ECONNREFUSED");
    await live.closed;
  });

  it("ends from this side", async () => {
    const live = openLiveSocket(http.url, 10);
    await Promise.all([once(sockets, "connection"), live.ready]);
    live.end();
    expect((await live.closed).code).to.equal(1006);
  });
});

describe("the demo's slow request", () => {
  it("knows who answered and when", async () => {
    let asked = "";
    const http = await smallServer((request, response) => {
      asked = request.url!;
      shopAnswer("old")(request, response);
    });
    const before = Date.now();
    const request = await slowRequest(http.url, 3000);
    await http.close();
    expect(asked).to.equal("/slow?ms=3000");
    expect(request).to.include({ status: 200, error: null });
    expect(request.by?.generation).to.equal("old");
    expect(request.startedAt).to.be.at.least(before);
    expect(request.endedAt).to.be.at.least(request.startedAt);
  });

  it("counts as across the cut-over only when it was in flight then", () => {
    const at = (startedAt: number, endedAt: number) => ({
      ...{ start: 0, end: 0, status: 200, error: null, by: null },
      ...{ startedAt, endedAt },
    });
    const all = [at(0, 900), at(0, 1100), at(500, 3500), at(1000, 4000)];
    expect(acrossCutOver(all, 1000)).to.deep.equal([all[2]]);
  });
});
