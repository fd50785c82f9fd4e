import { open } from "node:fs/promises";

/** Bytes that are read at once, from the end of the file to its beginning. */
const chunk = 65_536;
const lineFeed = 10;

/** The last lines of a text file, at most so many, oldest first, without reading the rest of it; none without a file. */
export async function lastLinesOf(path: string, most: number): Promise<string[]> {
  const file = await open(path).catch(() => null);
  if (!file) {
    return [];
  }
  try {
    const parts: Buffer[] = [];
    let from = (await file.stat()).size;
    // The line feed at the end and the one before the first line that is wanted.
    for (let wanted = most + 1; from > 0 && wanted > 0; ) {
      const part = Buffer.alloc(Math.min(chunk, from));
      from -= part.length;
      await file.read(part, 0, part.length, from);
      wanted -= part.filter((byte) => byte === lineFeed).length;
      parts.unshift(part);
    }
    // What comes before the first line feed may be half a line, and half a character.
    const lines = Buffer.concat(parts).toString().split("\n");
    const whole = from > 0 ? lines.slice(1) : lines;
    return most > 0 ? whole.filter((line) => line !== "").slice(-most) : [];
  } finally {
    await file.close();
  }
}
