/** What an answer begins with. */
export interface AnswerHead {
  status: number;
  message: string;
  /** Names and values in turn, as they came. */
  headers: string[];
  /** Whether the connection can carry another request after it. */
  keepAlive: boolean;
  /** How long the app says it keeps an idle connection, in milliseconds. */
  idleMs: number | undefined;
}
export interface AnswerSink {
  head(head: AnswerHead): void;
  body(chunk: Buffer): void;
  /** `last`: the rest of the body, often all of it; `clean`: nothing came after it. */
  end(last: Buffer | null, clean: boolean): void;
}

const maxHead = 65_536;
const headEnd = "\r\n\r\n";
const statusLine = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: ([\t\x20-\x7e\x80-\xff]*))?$/;
const headerLine = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*([\t\x20-\x7e\x80-\xff]*?)[ \t]*$/;
const chunkLine = /^([0-9a-f]{1,12})[ \t]*(?:;[\t\x20-\x7e\x80-\xff]*)?$/i;

type State = "HEAD" | "LENGTH" | "UNTIL_CLOSE" | "CHUNK_LINE" | "CHUNK" | "CHUNK_END" | "TRAILER" | "DONE";

/**
 * Reads one HTTP/1 answer to a request of ours, strictly: what is not plainly well-formed throws, and the
 * connection goes. Costs a third of Node's own client.
 */
export class AnswerParser {
  private state: State = "HEAD";
  private rest: Buffer | null = null;
  /** Bytes left of the body or of a chunk. */
  private left = 0;

  constructor(
    private readonly toHead: boolean,
    private readonly sink: AnswerSink,
  ) {}

  /** Whether it takes the end of the connection for the end of the answer. */
  get endsWithConnection(): boolean {
    return this.state === "UNTIL_CLOSE";
  }

  take(chunk: Buffer): void {
    let data: Buffer | null = this.rest ? Buffer.concat([this.rest, chunk]) : chunk;
    this.rest = null;
    while (data !== null && data.length > 0) {
      data = this.step(data);
    }
  }

  /** Handles the beginning; returns what is left, null when more is needed. */
  private step(data: Buffer): Buffer | null {
    switch (this.state) {
      case "HEAD":
        return this.readHead(data);
      case "LENGTH":
        return this.readLength(data);
      case "UNTIL_CLOSE":
        this.sink.body(data);
        return null;
      case "CHUNK":
        return this.readChunk(data);
      case "DONE":
        throw malformed("bytes after its end");
      default:
        return this.readLine(data);
    }
  }

  private readHead(data: Buffer): Buffer | null {
    const end = data.indexOf(headEnd);
    if (end > maxHead || (end < 0 && data.length > maxHead)) {
      throw malformed("too long a head");
    }
    if (end < 0) {
      this.rest = data;
      return null;
    }
    const after = data.subarray(end + headEnd.length);
    const head = this.parseHead(data.toString("latin1", 0, end).split("\r\n"));
    if (head === null) {
      return after;
    }
    this.sink.head(head);
    if (this.state === "DONE") {
      this.sink.end(null, after.length === 0);
      return null;
    }
    return after;
  }

  /** Null for a provisional answer: the real one follows. */
  private parseHead([first, ...lines]: string[]): AnswerHead | null {
    const [, minor, code, message = ""] = statusLine.exec(first!) ?? [];
    if (code === undefined) {
      throw malformed("no status line");
    }
    const status = Number(code);
    if (status === 101) {
      throw malformed("an upgrade nobody asked for");
    }
    const headers: string[] = [];
    let length: string | null = null;
    let coding: string | null = null;
    let connection = "";
    let idleMs: number | undefined;
    for (const line of lines) {
      const [, name, value] = headerLine.exec(line) ?? [];
      if (name === undefined) {
        throw malformed("a broken header");
      }
      headers.push(name, value!);
      switch (name.toLowerCase()) {
        case "content-length":
          if (!/^\d{1,15}$/.test(value!) || (length !== null && length !== value)) {
            throw malformed("a broken Content-Length");
          }
          length = value!;
          break;
        case "transfer-encoding":
          coding = coding === null ? value!.toLowerCase() : `${coding}, ${value}`;
          break;
        case "connection":
          connection = `${connection},${value!.toLowerCase()}`;
          break;
        case "keep-alive": {
          const seconds = /timeout=(\d+)/i.exec(value!)?.[1];
          idleMs = seconds === undefined ? undefined : Number(seconds) * 1000;
        }
      }
    }
    if (status < 200) {
      return null;
    }
    if (coding !== null && (coding !== "chunked" || length !== null || minor === "0")) {
      throw malformed("an ambiguous length");
    }
    const options = connection.split(",").map((option) => option.trim());
    let keepAlive = minor === "1" ? !options.includes("close") : options.includes("keep-alive");
    if (
      this.toHead ||
      status === 204 ||
      status === 304 ||
      (coding === null && length !== null && +length === 0)
    ) {
      this.state = "DONE";
    } else if (coding !== null) {
      this.state = "CHUNK_LINE";
    } else if (length !== null) {
      this.state = "LENGTH";
      this.left = Number(length);
    } else {
      this.state = "UNTIL_CLOSE";
      keepAlive = false;
    }
    return { status, message, headers, keepAlive, idleMs };
  }

  private readLength(data: Buffer): null {
    if (data.length < this.left) {
      this.left -= data.length;
      this.sink.body(data);
    } else {
      this.state = "DONE";
      this.sink.end(data.subarray(0, this.left), data.length === this.left);
    }
    return null;
  }

  private readChunk(data: Buffer): Buffer | null {
    if (data.length < this.left) {
      this.left -= data.length;
      this.sink.body(data);
      return null;
    }
    this.sink.body(data.subarray(0, this.left));
    this.state = "CHUNK_END";
    return data.subarray(this.left);
  }

  private readLine(data: Buffer): Buffer | null {
    const end = data.indexOf("\r\n");
    if (end > maxHead || (end < 0 && data.length > maxHead)) {
      throw malformed("too long a line");
    }
    if (end < 0) {
      this.rest = data;
      return null;
    }
    const line = data.toString("latin1", 0, end);
    const after = data.subarray(end + 2);
    if (this.state === "CHUNK_LINE") {
      const size = chunkLine.exec(line)?.[1];
      if (size === undefined) {
        throw malformed("a broken chunk");
      }
      this.left = Number.parseInt(size, 16);
      this.state = this.left === 0 ? "TRAILER" : "CHUNK";
    } else if (this.state === "CHUNK_END") {
      if (line !== "") {
        throw malformed("a broken chunk");
      }
      this.state = "CHUNK_LINE";
    } else if (line === "") {
      this.state = "DONE";
      this.sink.end(null, after.length === 0);
      return null;
    }
    return after;
  }
}

function malformed(what: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`The answer has ${what}.`), { code: "EPROTO" });
}
