import { expect } from "chai";
import type { LogFormat } from "../src/config.js";
import { createLog, type Log } from "../src/log.js";

function logged(logFormat: LogFormat, write: (log: Log) => void): string {
  const lines: string[] = [];
  write(createLog({ logLevel: "info", logFormat }, { write: (line) => void lines.push(line) }));
  return lines.join("");
}

describe("log", () => {
  it("writes one JSON object a line", () => {
    const text = logged("json", (log) => log.child({ part: "worker" }).info({ port: 4000 }, "listening"));
    const entry = JSON.parse(text);
    expect(entry).to.include({ level: "info", part: "worker", port: 4000, msg: "listening" });
    expect(new Date(entry.time).toISOString()).to.equal(entry.time);
  });

  it("writes readable lines for people", () => {
    const text = logged("pretty", (log) => {
      log.child({ part: "api" }).info({ url: "http://127.0.0.1:4000/", words: "a b" }, "listening");
      log.error(new Error("no\u001b[2Jpe"));
    });
    const [first, second, ...stack] = text.trimEnd().split("\n");
    expect(first).to.match(
      /^\d\d:\d\d:\d\d info {2}api: listening url=http:\/\/127.0.0.1:4000\/ words="a b"$/,
    );
    expect(second).to.match(/ error no\\x1b\[2Jpe$/);
    expect(stack[0]).to.include("Error: no");
    expect(text).not.to.include("\u001b");
  });

  it("hides secrets", () => {
    for (const format of ["json", "pretty"] as const) {
      const text = logged(format, (log) => {
        log.info({ token: "hunter2", request: { headers: { authorization: "Bearer hunter2" } } }, "a");
        log.info({ config: { databaseUrl: "postgres://u:hunter2@h/d", secretKey: "hunter2" } }, "b");
        log.info({ target: { registryCredential: "hunter2" }, connection: { key: "hunter2" } }, "c");
        log.info({ input: { swarm: { key: "hunter2" } }, engine: { modem: { key: "hunter2" } } }, "d");
        log.info({ input: { kubernetes: { ca: "hunter2" } }, made: { kubeconfig: "hunter2" } }, "e");
      });
      expect(text).to.include("[hidden]").and.not.to.include("hunter2");
    }
  });
});
