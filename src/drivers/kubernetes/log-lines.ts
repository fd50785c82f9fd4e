import type { Readable } from "node:stream";
import { StringDecoder } from "node:string_decoder";

/** One line that a container printed. */
export interface ContainerLine {
  /** By its node's clock, with nanoseconds: what a line is told apart by. */
  stamp: string;
  line: string;
}

/** The lines of a container, as they come with `timestamps`; only a line feed ends one, whatever an app prints. */
export async function* containerLines(stream: Readable): AsyncGenerator<ContainerLine> {
  const decoder = new StringDecoder("utf8");
  let rest = "";
  try {
    for await (const chunk of stream) {
      const lines = (rest + decoder.write(chunk as Buffer)).split("\n");
      rest = lines.pop()!;
      yield* lines.flatMap(parsed);
    }
    yield* parsed(rest + decoder.end());
  } finally {
    stream.destroy();
  }
}

/** What the kubelet itself says, e.g. that a file was rotated, has no time. */
function parsed(text: string): ContainerLine[] {
  const space = text.indexOf(" ");
  const stamp = space < 0 ? text : text.slice(0, space);
  const line = space < 0 ? "" : text.slice(space + 1).replace(/\r$/, "");
  return /^\d{4}-\d\d-\d\dT/.test(stamp) ? [{ stamp: comparable(stamp), line }] : [];
}

/** Zeros at the end are left out by the kubelet, and the zone may be another: as text they would not be in order. */
function comparable(stamp: string): string {
  const [, seconds, fraction = "", zone] = /^([^.Z+]*)(?:\.(\d+))?(Z|[+-].*)$/.exec(stamp) ?? [];
  if (seconds === undefined) {
    return stamp;
  }
  const utc = zone === "Z" ? seconds : new Date(`${seconds}${zone}`).toISOString().slice(0, 19);
  return `${utc}.${fraction.padEnd(9, "0")}Z`;
}
