import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { endGroup, groupAlive, hasVariable, membersOf, startTimeOf } from "./processes.js";

interface PidRecord {
  pid: number;
  startTime: string | null;
  /** What the process and its descendants have as REBAKE_OPERATION. */
  operationId: string;
}

/**
 * Which processes this server has started, on disk, so that the next server can end what a hard kill left.
 * Written synchronously right after the spawn: no await lets a kill fall between the two.
 */
export class PidRecords {
  private next = 0;
  constructor(private readonly folder: string) {}

  /** Puts a process group leader on record; the returned function takes it off. */
  add(pid: number, operationId: string): () => void {
    const record: PidRecord = { pid, startTime: startTimeOf(pid), operationId };
    const file = join(this.folder, `${process.pid}-${this.next++}.json`);
    mkdirSync(this.folder, { recursive: true });
    writeFileSync(`${file}.tmp`, JSON.stringify(record));
    renameSync(`${file}.tmp`, file);
    return () => rmSync(file, { force: true });
  }

  /** Ends every recorded process that is still the one recorded, with its group, and clears the records. */
  async endLeftOvers(): Promise<number> {
    mkdirSync(this.folder, { recursive: true });
    const names = readdirSync(this.folder);
    const ended = await Promise.all(
      names.map(async (name) => {
        const file = join(this.folder, name);
        const record = name.endsWith(".json") ? read(file) : null;
        const found = record !== null && isOurs(record);
        if (found) {
          await endGroup(record.pid, 2000);
        }
        rmSync(file, { force: true });
        return found;
      }),
    );
    return ended.filter(Boolean).length;
  }
}

function read(file: string): PidRecord | null {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as PidRecord;
  } catch {
    return null;
  }
}

/**
 * A pid alone proves nothing: it may have been given to a stranger. When the leader has gone but its group
 * has not, the members must carry our operation in their environment.
 */
function isOurs({ pid, startTime, operationId }: PidRecord): boolean {
  const now = startTimeOf(pid);
  if (now !== null) {
    return now === startTime;
  }
  return groupAlive(pid) && membersOf(pid).some((one) => hasVariable(one, "REBAKE_OPERATION", operationId));
}
