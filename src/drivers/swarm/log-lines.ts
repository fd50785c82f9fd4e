import type { Readable } from "node:stream";
import type { TaskLine } from "../engine/task-reports.js";

const headerBytes = 8;
/** Lines are cut by the engine at 16 KiB and put together again here, up to this many characters. */
const longestLine = 65_536;

/** Takes the engine's frames apart: one stream for stdout and stderr of all tasks of a service. */
export async function* taskLines(stream: Readable): AsyncGenerator<TaskLine> {
  let rest: Buffer = Buffer.alloc(0);
  const unfinished = new Map<string, TaskLine>();
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let start = 0;
    while (rest.length - start >= headerBytes) {
      const size = rest.readUInt32BE(start + 4);
      if (rest.length - start - headerBytes < size) {
        break;
      }
      const kind = rest[start] === 2 ? "stderr" : "stdout";
      const text = rest.toString("utf8", start + headerBytes, start + headerBytes + size);
      start += headerBytes + size;
      const line = joined(kind, text, unfinished);
      if (line) {
        yield line;
      }
    }
    rest = rest.subarray(start);
  }
  yield* unfinished.values();
}

/** The whole line that ends with this frame; null when more of it comes, or it is none. */
function joined(kind: TaskLine["stream"], text: string, unfinished: Map<string, TaskLine>): TaskLine | null {
  const match = /^(\S+) (\S*com\.docker\.swarm\.task\.id=(\w+)\S*) ?([\s\S]*)$/.exec(text);
  if (!match) {
    return null;
  }
  const [, at, , taskId, message] = match as unknown as [string, string, string, string, string];
  const key = `${taskId} ${kind}`;
  const before = unfinished.get(key);
  const line = {
    stamp: before?.stamp ?? at,
    taskId,
    stream: kind,
    line: `${before?.line ?? ""}${message}`.slice(0, longestLine),
  };
  if (message.endsWith("\n") || line.line.length === longestLine) {
    unfinished.delete(key);
    return { ...line, line: line.line.replace(/\r?\n$/, "") };
  }
  unfinished.set(key, line);
  return null;
}
