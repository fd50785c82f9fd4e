import { Readable } from "node:stream";
import { expect } from "chai";
import fc from "fast-check";
import type { TaskLine } from "../../../src/drivers/engine/task-reports.js";
import { taskLines } from "../../../src/drivers/swarm/log-lines.js";

const details = (task: string) =>
  `com.docker.swarm.node.id=n,com.docker.swarm.service.id=s,com.docker.swarm.task.id=${task}`;

function frame(stream: 1 | 2, text: string): Buffer {
  const payload = Buffer.from(text);
  const header = Buffer.alloc(8);
  header[0] = stream;
  header.writeUInt32BE(payload.length, 4);
  return Buffer.concat([header, payload]);
}

async function read(chunks: Buffer[]): Promise<TaskLine[]> {
  const lines: TaskLine[] = [];
  for await (const line of taskLines(Readable.from(chunks))) {
    lines.push(line);
  }
  return lines;
}

describe("lines of tasks on a swarm", () => {
  it("come whole and with their task, however the stream is cut", async () => {
    const text = fc.string({ unit: "binary", maxLength: 40 }).map((one) => one.replaceAll(/[\r\n]/g, ""));
    const line = fc.record({
      task: fc.constantFrom("a1", "b2"),
      stream: fc.constantFrom(1 as const, 2 as const),
      text,
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(line, { maxLength: 20 }),
        fc.array(fc.integer({ min: 1, max: 60 })),
        async (all, cuts) => {
          const bytes = Buffer.concat(
            all.map(({ task, stream, text }, index) =>
              frame(
                stream,
                `2026-01-01T00:00:00.${String(index).padStart(9, "0")}Z ${details(task)} ${text}\n`,
              ),
            ),
          );
          const chunks: Buffer[] = [];
          for (let at = 0, turn = 0; at < bytes.length; turn++) {
            const size = cuts.length > 0 ? cuts[turn % cuts.length]! : bytes.length;
            chunks.push(bytes.subarray(at, at + size));
            at += size;
          }
          const found = await read(chunks);
          expect(found.map(({ taskId, stream, line }) => [taskId, stream, line])).to.deep.equal(
            all.map(({ task, stream, text }) => [task, stream === 2 ? "stderr" : "stdout", text]),
          );
        },
      ),
    );
  });

  it("are put together again when the engine has cut them", async () => {
    const at = `2026-01-01T00:00:00Z ${details("a1")} `;
    const other = `2026-01-01T00:00:00Z ${details("b2")} whole\n`;
    const lines = await read([frame(1, `${at}one `), frame(1, other), frame(1, `${at}two\n`)]);
    expect(lines.map(({ taskId, line }) => `${taskId} ${line}`)).to.deep.equal(["b2 whole", "a1 one two"]);
  });

  it("keep the last one that nothing ended", async () => {
    const lines = await read([frame(2, `2026-01-01T00:00:00Z ${details("a1")} the end`)]);
    expect(lines.map(({ line }) => line)).to.deep.equal(["the end"]);
  });
});
