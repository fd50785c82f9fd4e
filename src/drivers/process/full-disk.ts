import { OperationFailure } from "../../errors.js";

/** What went wrong; DISK_FULL when that is it: a full disk can show anywhere, and is no fault of ours. */
export function expected(error: unknown): unknown {
  if ((error as NodeJS.ErrnoException).code !== "ENOSPC") {
    return error;
  }
  return new OperationFailure("DISK_FULL", "The disk of this host is full: make room and try again.");
}
