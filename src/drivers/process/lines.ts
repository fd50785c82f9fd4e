import type { Readable } from "node:stream";
import { StringDecoder } from "node:string_decoder";

/** Longer lines are cut to this many characters. */
export const maxLineLength = 16_384;

/**
 * Cuts a stream into lines, whatever it contains: bytes that are no UTF-8 are replaced, NULs too (databases
 * refuse them), and a line without end is handed on in its first part only.
 */
export function eachLine(stream: Readable, take: (line: string) => void): void {
  const decoder = new StringDecoder("utf8");
  let rest = "";
  let tooLong = false;
  const emit = (line: string) => take(clean(line));
  const push = (text: string) => {
    const lines = text.split("\n");
    const last = lines.pop()!;
    for (const line of lines) {
      if (!tooLong) {
        emit(rest + line);
      }
      rest = "";
      tooLong = false;
    }
    if (!tooLong) {
      rest += last;
      if (rest.length > maxLineLength) {
        emit(rest);
        rest = "";
        tooLong = true;
      }
    }
  };
  stream.on("data", (chunk: Buffer) => push(decoder.write(chunk)));
  stream.once("end", () => {
    push(decoder.end());
    if (rest !== "") {
      emit(rest);
      rest = "";
    }
  });
}

function clean(line: string): string {
  const text = line.endsWith("\r") ? line.slice(0, -1) : line;
  const cut = text.length > maxLineLength ? `${text.slice(0, maxLineLength)}…` : text;
  return cut.replaceAll("\0", "\ufffd");
}
