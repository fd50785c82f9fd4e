import { mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { expect } from "chai";
import { eachLine, maxLineLength } from "../../../src/drivers/process/lines.js";
import { LogFiles } from "../../../src/drivers/process/log-files.js";

describe("a service's log files", () => {
  let folder: string;
  let logs: LogFiles;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "rebake-driver-test-"));
    logs = new LogFiles(folder);
  });
  afterEach(async () => {
    await logs.close();
    await rm(folder, { recursive: true });
  });
  const append = (line: string) => logs.append({ at: new Date(), instance: 1, stream: "stdout", line });
  const tail = async (count: number) => {
    const lines: string[] = [];
    for await (const { line } of logs.read(count, false, new AbortController().signal)) {
      lines.push(line);
    }
    return lines;
  };

  it("keeps three files of about 5 MiB at most and reads across them", async () => {
    for (let i = 0; i < 25; i++) {
      for (let j = 0; j < 64; j++) {
        append(`${i * 64 + j} ${"x".repeat(16_000)}`);
      }
      await tail(1);
    }
    const names = await readdir(folder);
    expect(names.sort()).to.deep.equal(["current.log", "current.log.1", "current.log.2"]);
    const sizes = await Promise.all(names.map(async (name) => (await stat(join(folder, name))).size));
    expect(Math.max(...sizes)).to.be.lessThan(7_000_000);
    const lines = await tail(500);
    expect(lines).to.have.length(500);
    expect(lines.map((line) => Number.parseInt(line, 10))).to.deep.equal(
      Array.from({ length: 500 }, (_, i) => 1100 + i),
    );
  });

  it("reads no more of a long file than it must, in whole lines and characters", async () => {
    for (let i = 0; i < 3000; i++) {
      append(`${i} ${"ü€😀".repeat(i % 40)}`);
    }
    expect(await tail(0)).to.deep.equal([]);
    for (const count of [1, 2, 999, 1000]) {
      const expected = Array.from({ length: count }, (_, n) => 3000 - count + n);
      expect(await tail(count)).to.deep.equal(expected.map((i) => `${i} ${"ü€😀".repeat(i % 40)}`));
    }
    expect(await tail(5000)).to.have.length(3000);
  });

  it("gives each line once to a follower, whenever it begins", async () => {
    const stop = new AbortController();
    const seen: string[] = [];
    for (let i = 0; i < 100; i++) {
      append(String(i));
    }
    const reading = (async () => {
      for await (const { line } of logs.read(1000, true, stop.signal)) {
        seen.push(line);
        if (line === "299") {
          stop.abort();
        }
      }
    })();
    for (let i = 100; i < 300; i++) {
      append(String(i));
      if (i % 50 === 0) {
        await new Promise(setImmediate);
      }
    }
    await reading;
    expect(seen).to.deep.equal(Array.from({ length: 300 }, (_, i) => String(i)));
  });

  it("cuts long lines and survives what is no text", async () => {
    const stream = new PassThrough();
    const lines: string[] = [];
    eachLine(stream, (line) => lines.push(line));
    stream.write("x".repeat(100_000));
    stream.write(`${"y".repeat(10)}\r\n`);
    stream.write(Buffer.from([0xff, 0xfe, 0x00, 0x41, 0x0a]));
    stream.write(Buffer.from("ü").subarray(0, 1));
    stream.write(Buffer.from("ü").subarray(1));
    stream.end();
    await new Promise((resolve) => stream.once("end", resolve));
    expect(lines.map((line) => line.length)).to.deep.equal([maxLineLength + 1, 4, 1]);
    expect(lines[1]).to.equal("\ufffd\ufffd\ufffdA");
    expect(lines[2]).to.equal("ü");
  });
});
