import { expect } from "chai";
import { AnswerParser } from "../../../src/drivers/process/answer-parser.js";

interface Read {
  status: number;
  headers: string[];
  keepAlive: boolean;
  idleMs: number | undefined;
  body: string;
  /** Null while it is not complete. */
  clean: boolean | null;
}

function read(pieces: string[], toHead = false): Read {
  const found: Read = { status: 0, headers: [], keepAlive: false, idleMs: 0, body: "", clean: null };
  const parser = new AnswerParser(toHead, {
    head: (head) => Object.assign(found, head),
    body: (chunk) => {
      found.body += chunk.toString();
    },
    end: (last, clean) => {
      found.body += last?.toString() ?? "";
      found.clean = clean;
    },
  });
  for (const piece of pieces) {
    parser.take(Buffer.from(piece, "latin1"));
  }
  return found;
}

const ok = "HTTP/1.1 200 OK\r\n";

describe("reading an instance's answer", () => {
  const wellFormed: [string, string, Partial<Read>, boolean?][] = [
    ["with a length", `${ok}Content-Length: 5\r\n\r\nhello`, { body: "hello", clean: true, keepAlive: true }],
    ["without a body", `${ok}content-length: 0\r\n\r\n`, { body: "", clean: true }],
    [
      "with chunks",
      `${ok}Transfer-Encoding: chunked\r\n\r\n3;a=b\r\nhel\r\n2\r\nlo\r\n0\r\nx: y\r\n\r\n`,
      { body: "hello", clean: true },
    ],
    ["to HEAD", `${ok}content-length: 5\r\n\r\n`, { body: "", clean: true }, true],
    ["204", "HTTP/1.1 204 No Content\r\n\r\n", { status: 204, clean: true }],
    ["304 with a length", "HTTP/1.1 304 x\r\ncontent-length: 9\r\n\r\n", { status: 304, clean: true }],
    [
      "after a provisional one",
      `HTTP/1.1 103 Early Hints\r\nlink: a\r\n\r\n${ok}content-length: 1\r\n\r\na`,
      { status: 200, body: "a", clean: true },
    ],
    ["until the end of the connection", `${ok}\r\nhello`, { body: "hello", clean: null, keepAlive: false }],
    [
      "of a connection that is to be closed",
      `${ok}connection: x, Close\r\ncontent-length: 0\r\n\r\n`,
      { keepAlive: false },
    ],
    ["of HTTP/1.0", "HTTP/1.0 200 OK\r\ncontent-length: 0\r\n\r\n", { keepAlive: false, clean: true }],
    [
      "with a hint how long it is kept",
      `${ok}keep-alive: timeout=7\r\ncontent-length: 0\r\n\r\n`,
      { idleMs: 7000 },
    ],
  ];
  for (const [name, text, expected, toHead] of wellFormed) {
    it(`takes one ${name}, in one piece and byte by byte`, () => {
      expect(read([text], toHead)).to.deep.include(expected);
      expect(read([...text], toHead)).to.deep.include(expected);
    });
  }

  it("keeps each field as it came", () => {
    const text = `${ok}Set-Cookie: a=1\r\nset-cookie:b=2 \r\nContent-Length: 0\r\n\r\n`;
    expect(read([text]).headers).to.deep.equal([
      "Set-Cookie",
      "a=1",
      "set-cookie",
      "b=2",
      "Content-Length",
      "0",
    ]);
  });

  it("says when something follows the answer, so that the connection is not used again", () => {
    expect(read([`${ok}content-length: 2\r\n\r\nokHTTP/1.1 200 OK`])).to.include({
      body: "ok",
      clean: false,
    });
    expect(() => read([`${ok}content-length: 2\r\n\r\nok`, "x"])).to.throw("after its end");
  });

  for (const [name, text] of [
    ["no HTTP", "SSH-2.0\r\n\r\n"],
    ["an upgrade", "HTTP/1.1 101 Switching Protocols\r\n\r\n"],
    ["two lengths", `${ok}content-length: 1\r\ncontent-length: 2\r\n\r\n`],
    ["a length that is none", `${ok}content-length: +1\r\n\r\n`],
    ["a length and chunks", `${ok}content-length: 1\r\ntransfer-encoding: chunked\r\n\r\n`],
    ["an unknown coding", `${ok}transfer-encoding: gzip, chunked\r\n\r\n`],
    ["a folded field", `${ok}a: b\r\n c\r\n\r\n`],
    ["a field with a blank in its name", `${ok}a : b\r\n\r\n`],
    ["a bare line feed", `${ok}a: b\nc: d\r\n\r\n`],
    ["a chunk without its end", `${ok}transfer-encoding: chunked\r\n\r\n1\r\nabc\r\n`],
    ["a chunk of no size", `${ok}transfer-encoding: chunked\r\n\r\nx\r\n`],
    ["too long a head", `${ok}a: ${"x".repeat(70_000)}`],
  ] as const) {
    it(`refuses ${name}`, () => {
      expect(() => read([text])).to.throw("The answer has");
    });
  }
});
