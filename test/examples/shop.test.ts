import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { get } from "../../demo/get.js";
import { openLiveSocket } from "../../demo/live-socket.js";
import { eventually } from "../support/eventually.js";

const examples = new URL("../../../examples/", import.meta.url);
const at = (path: string) => fileURLToPath(new URL(path, examples));

function start(script: string, env: Record<string, string>): ChildProcess {
  return spawn(process.execPath, [at(script)], {
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "inherit"],
  });
}

describe("examples/shop", () => {
  let app: ChildProcess;
  let url: string;
  beforeEach(async () => {
    app = start("shop/server.js", {
      PORT: "0",
      SHOP_SERVICE: "catalog",
      SHOP_ENVIRONMENT: "DEV",
      SHOP_COMMIT: "c0ffee",
      SHOP_INSTANCE: "2",
      SHOP_OPERATION: "op-1",
      SHOP_GREETING: "Привет = 你好",
    });
    const [line] = await once(createInterface({ input: app.stdout! }), "line");
    url = `http://127.0.0.1:${/listens on (\d+)/.exec(line)![1]}`;
  });
  afterEach(async () => {
    if (app.exitCode === null && app.signalCode === null) {
      app.kill("SIGKILL");
      await once(app, "exit");
    }
  });

  it("says who answers, and nothing of its environment", async () => {
    const response = await fetch(url);
    const { startedAt, ...rest } = (await response.json()) as Record<string, unknown>;
    expect(Date.parse(startedAt as string)).to.be.closeTo(Date.now(), 10_000);
    expect(rest).to.deep.equal({
      service: "catalog",
      environment: "DEV",
      commit: "c0ffee",
      instance: "2",
      operation: "op-1",
      greeting: "Привет = 你好",
      items: ["kettle", "teapot", "cup"],
    });
    expect((await fetch(`${url}/env`)).status).to.equal(404);
    expect((await fetch(`${url}/__proto__`)).status).to.equal(404);
    expect((await fetch(`${url}/slow?ms=x`)).status).to.equal(400);
    expect((await fetch(`${url}/healthz`)).status).to.equal(200);
  });

  it("answers what is in flight and says goodbye before it ends", async () => {
    const live = openLiveSocket(url, 20);
    await live.ready;
    const slow = get({ url: `${url}/slow?ms=700`, agent: false, timeoutMs: 5000 });
    await fetch(url);
    const exited = once(app, "exit");
    app.kill("SIGTERM");

    expect(await live.closed).to.include({ code: 1001, reason: "going away, come back" });
    expect(await slow).to.include({ status: 200, error: null });
    expect((await exited)[0]).to.equal(0);
    expect((await get({ url, agent: false, timeoutMs: 5000 })).error).to.equal("ECONNREFUSED");
  });

  it("has a lock file that names no host", () => {
    expect(readFileSync(at("shop/package-lock.json"), "utf8")).not.to.match(/resolved|https?:/);
  });
});

describe("examples/daemon", () => {
  it("logs heartbeats and ends when it is asked to", async () => {
    const worker = start("daemon/worker.js", { HEARTBEAT_SECONDS: "0.02", WORKER_NAME: "mailer" });
    const exited = once(worker, "exit");
    const lines: string[] = [];
    createInterface({ input: worker.stdout! }).on("line", (line) => lines.push(line));
    await eventually(() => lines.length >= 2);
    worker.kill("SIGTERM");
    expect((await exited)[0]).to.equal(0);
    expect(lines[1]).to.match(/^\d{4}-\S+Z mailer heartbeat 2$/);
    expect(lines.at(-1)).to.match(/^SIGTERM: mailer stops after \d+ heartbeats$/);
  });
});
