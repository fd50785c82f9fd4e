import { rename, writeFile } from "node:fs/promises";
import { setTimeout as wait } from "node:timers/promises";
import type { ContainerHealth } from "./job.js";
import { look } from "./probe.js";

const impatientSeconds = 1;

/** Keeps the file at how the app is, as long as this process lives. */
export async function keepHealth({
  file,
  probe,
  everySeconds,
  delaySeconds,
  settleSeconds,
}: ContainerHealth): Promise<void> {
  await write(file, "the app was just started");
  await pause(delaySeconds);
  for (let told = ""; ; ) {
    const said = (probe && (await look(probe))?.message) ?? "ok";
    if (settleSeconds !== null && said === "ok") {
      await pause(settleSeconds);
      return write(file, said);
    }
    if (said !== told) {
      await write(file, said);
      told = said;
    }
    await pause(said === "ok" ? everySeconds : Math.min(everySeconds, impatientSeconds));
  }
}

/** Whoever reads it sees the old or the new, never half of it. A full disk leaves what was told last. */
async function write(file: string, text: string): Promise<void> {
  await writeFile(`${file}.new`, `${text}\n`, { mode: 0o644 })
    .then(() => rename(`${file}.new`, file))
    .catch(() => undefined);
}

/** The app alone decides how long this process lives. */
function pause(seconds: number): Promise<void> {
  return wait(seconds * 1000, undefined, { ref: false });
}
