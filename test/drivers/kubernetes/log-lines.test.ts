import { Readable } from "node:stream";
import { expect } from "chai";
import fc from "fast-check";
import { containerLines } from "../../../src/drivers/kubernetes/log-lines.js";

async function read(chunks: Iterable<Buffer | string>) {
  const lines = [];
  for await (const line of containerLines(Readable.from(chunks, { objectMode: false }))) {
    lines.push(line);
  }
  return lines;
}

describe("lines of containers on Kubernetes", () => {
  it("come whole, however the stream is cut, with whatever is in them", async () => {
    // A line feed ends a line, and what the app printed before one of Windows is not part of it.
    const text = fc
      .string({
        unit: fc.oneof(
          fc.constantFrom("\r", "\u2028", "\u0085", " ", "é", "🍞"),
          fc.string({ unit: "binary", maxLength: 3 }),
        ),
        maxLength: 20,
      })
      .map((one) => one.replaceAll("\n", "").replace(/\r+$/, ""));
    await fc.assert(
      fc.asyncProperty(
        fc.array(text, { maxLength: 20 }),
        fc.array(fc.integer({ min: 1, max: 60 })),
        async (all, cuts) => {
          const stampOf = (index: number) => `2026-01-01T00:00:00.${String(index).padStart(9, "0")}Z`;
          const bytes = Buffer.from(all.map((line, index) => `${stampOf(index)} ${line}\n`).join(""));
          const chunks: Buffer[] = [];
          for (let at = 0, turn = 0; at < bytes.length; turn++) {
            const size = cuts.length > 0 ? cuts[turn % cuts.length]! : bytes.length;
            chunks.push(bytes.subarray(at, at + size));
            at += size;
          }
          expect(await read(chunks)).to.deep.equal(
            all.map((line, index) => ({ stamp: stampOf(index), line })),
          );
        },
      ),
    );
  });

  it("are empty ones, too, and the last that nothing has ended", async () => {
    const at = "2026-01-01T00:00:00.000000001Z";
    const lines = await read([`${at} \n${at}\n${at} one\r\n${at} the end`]);
    expect(lines.map(({ line }) => line)).to.deep.equal(["", "", "one", "the end"]);
    expect(await read([])).to.deep.equal([]);
  });

  it("have no place for what the kubelet says itself", async () => {
    const text = "2026-01-01T00:00:00Z one\nfailed to watch file: too many open files\nrpc error\n";
    expect((await read([text])).map(({ line }) => line)).to.deep.equal(["one"]);
  });

  it("are in order as text, whatever zeros the kubelet leaves out and whatever its zone", async () => {
    const stamps = async (...told: string[]) =>
      (await read([told.map((one) => `${one} x\n`).join("")])).map(({ stamp }) => stamp);
    expect(
      await stamps(
        "2026-01-01T00:00:00Z",
        "2026-01-01T00:00:00.1Z",
        "2026-01-01T00:00:00.100000001Z",
        "2025-12-31T19:00:00.2-05:00",
        "2026-01-01T05:30:01+05:30",
      ),
    ).to.deep.equal([
      "2026-01-01T00:00:00.000000000Z",
      "2026-01-01T00:00:00.100000000Z",
      "2026-01-01T00:00:00.100000001Z",
      "2026-01-01T00:00:00.200000000Z",
      "2026-01-01T00:00:01.000000000Z",
    ]);
    const moment = fc.integer({ min: 0, max: 2e9 });
    const written = (nanoseconds: number) => {
      const fraction = String(nanoseconds % 1e9)
        .padStart(9, "0")
        .replace(/0+$/, "");
      return `2026-01-01T00:00:0${Math.floor(nanoseconds / 1e9)}${fraction && `.${fraction}`}Z`;
    };
    await fc.assert(
      fc.asyncProperty(moment, moment, async (a, b) => {
        const [one, other] = await stamps(written(a), written(b));
        expect(one! < other!).to.equal(a < b);
      }),
    );
  });

  it("end with what ended their stream", async () => {
    const broken = Readable.from(
      (function* () {
        yield "2026-01-01T00:00:00Z one\n";
        throw new Error("the connection was cut");
      })(),
    );
    const lines: string[] = [];
    let failure: unknown;
    try {
      for await (const { line } of containerLines(broken)) {
        lines.push(line);
      }
    } catch (error) {
      failure = error;
    }
    expect(lines).to.deep.equal(["one"]);
    expect(failure).to.be.instanceOf(Error).with.property("message", "the connection was cut");
  });

  it("end their stream when nobody wants more of them", async () => {
    const stream = Readable.from(["2026-01-01T00:00:00Z one\n", "2026-01-01T00:00:00Z two\n"]);
    for await (const _ of containerLines(stream)) {
      break;
    }
    expect(stream.destroyed).to.equal(true);
  });
});
