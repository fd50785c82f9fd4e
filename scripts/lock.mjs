import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";

/** Runs `work` while no other process does so under the same file; waits for one that is at it. */
export async function withLock(file, work) {
  for (let told = false; !take(file); told = true) {
    if (!told) {
      console.log(`Waiting for another build (process ${holder(file) ?? "unknown"})`);
    }
    await delay(100);
  }
  try {
    return await work();
  } finally {
    rmSync(file, { force: true });
  }
}

function take(file) {
  if (tryLink(file)) {
    return true;
  }
  const pid = holder(file);
  if (pid !== null && !isAlive(pid)) {
    removeStale(file, pid);
    return tryLink(file);
  }
  return false;
}

/** The lock appears with its content or not at all. */
function tryLink(file) {
  const mine = `${file}.${process.pid}`;
  writeFileSync(mine, String(process.pid));
  try {
    linkSync(mine, file);
    return true;
  } catch (error) {
    if (error.code !== "EEXIST") {
      throw error;
    }
    return false;
  } finally {
    rmSync(mine, { force: true });
  }
}

/** Moved away before it is removed: whoever else found it stale may have put a live one there since. */
function removeStale(file, pid) {
  const aside = `${file}.stale.${process.pid}`;
  try {
    renameSync(file, aside);
  } catch {
    return;
  }
  if (Number(readFileSync(aside, "utf8")) !== pid) {
    linkSync(aside, file);
  }
  rmSync(aside, { force: true });
}

function holder(file) {
  try {
    return Number(readFileSync(file, "utf8"));
  } catch {
    return null;
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
}
