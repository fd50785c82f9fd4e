import { createInterface } from "node:readline";
import type { Readable } from "node:stream";

/** One line that a container printed. */
export interface ContainerLine {
  /** By its node's clock, with nanoseconds: what a line is told apart by. */
  stamp: string;
  line: string;
}

/** The lines of a container, as they come with `timestamps`. */
export async function* containerLines(stream: Readable): AsyncGenerator<ContainerLine> {
  const lines = createInterface({ input: stream });
  let failure: unknown = null;
  lines.on("error", (error) => {
    failure = error;
    lines.close();
  });
  try {
    for await (const text of lines) {
      const space = text.indexOf(" ");
      const stamp = space < 0 ? text : text.slice(0, space);
      // What the kubelet itself says, e.g. that a file was rotated, has no time.
      if (/^\d{4}-\d\d-\d\dT/.test(stamp)) {
        yield { stamp: comparable(stamp), line: space < 0 ? "" : text.slice(space + 1) };
      }
    }
    if (failure) {
      throw failure;
    }
  } finally {
    lines.close();
    stream.destroy();
  }
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
