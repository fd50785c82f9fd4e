import type { Logger } from "pino";
import { settleUpdates } from "../domain/settle-updates.js";
import { storable } from "../domain/storable.js";
import { OperationFailure } from "../errors.js";
import { pause } from "../events/pause.js";
import type { SecretBox } from "../storage/secrets.js";
import type { Transactions } from "../storage/transaction.js";
import { loadGitCredential } from "./open-credential.js";
import type { ResolveCommit } from "./pin-intent.js";

export interface SourceCheckerOptions {
  /** Branches of this host's own disk are looked at by nobody else. */
  hostId: string;
  transactions: Transactions;
  secretBox: SecretBox;
  resolveCommit: ResolveCommit;
  /** How long to wait before a branch is looked at again. */
  intervalSeconds: number;
  log: Logger;
}

/** How often to see whether a branch is due, in milliseconds. */
const pollMilliseconds = 1000;
/** Branches that are looked at side by side: each is a process of git. */
const atOnce = 4;

interface Due {
  key: string;
  repository: string;
  branch: string;
  credential: string | null;
  commit: string | null;
  error: string | null;
  /** By the database's clock, as text: a Date would lose the microseconds. */
  since: string;
}

/**
 * Looks for new commits on the branches that services follow, each branch once however many follow it, and raises or
 * withdraws Updates with the reason CODE. A branch that cannot be looked at changes nothing but its own `error`. With
 * several servers, each branch is looked at by one of them at a time.
 */
export class SourceChecker {
  private readonly stopping = new AbortController();
  private loop: Promise<void> = Promise.resolve();

  constructor(private readonly options: SourceCheckerOptions) {}

  start(): void {
    this.loop = this.look();
  }

  async stop(): Promise<void> {
    this.stopping.abort(new Error("the server stops"));
    await this.loop;
  }

  private async look(): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      const found = await this.checkDue().catch((error) => {
        this.options.log.debug({ err: error }, "cannot look for new commits; trying again");
        return 0;
      });
      if (found < atOnce) {
        await pause(pollMilliseconds, signal);
      }
    }
  }

  private async checkDue(): Promise<number> {
    const due = await this.claimDue();
    const looks = await Promise.allSettled(due.map((head) => this.check(head)));
    for (const look of looks) {
      if (look.status === "rejected" && !this.stopping.signal.aborted) {
        this.options.log.warn({ err: look.reason }, "cannot look for new commits");
      }
    }
    return due.length;
  }

  /** Takes what is due for itself, by moving the time of the next look. */
  private claimDue(): Promise<Due[]> {
    const { transactions, hostId, intervalSeconds } = this.options;
    return transactions.run((tx) =>
      tx.query<Due>(
        `update source_head set next_check_at = now() + make_interval(secs => $2)
         where key in (
           select key from source_head as due
           where due.next_check_at <= now() and (due.host_id is null or due.host_id = $1)
             and exists (select from service where service.source_key = due.key and service.removed_at is null)
           order by due.next_check_at limit $3 for update skip locked)
         returning key, repository, branch, credential, commit, error, now()::text as since`,
        [hostId, intervalSeconds, atOnce],
      ),
    );
  }

  private async check(head: Due): Promise<void> {
    const { transactions, secretBox, resolveCommit, log } = this.options;
    const { repository, branch } = head;
    const { signal } = this.stopping;
    try {
      const { manager } = transactions.dataSource;
      const credential = await loadGitCredential(manager, secretBox, head.credential);
      const commit = await resolveCommit({ repository, branch, commit: null, credential, signal });
      await this.found(head, commit);
    } catch (error) {
      if (signal.aborted) {
        return;
      }
      if (!(error instanceof OperationFailure)) {
        throw error;
      }
      await this.failed(head, error.message);
      log[head.error === null ? "warn" : "debug"](
        { repository, branch, reason: error.message },
        "cannot look for new commits",
      );
    }
  }

  /** What an operation has seen since the look began is newer. */
  private found(head: Due, commit: string): Promise<void> {
    return this.options.transactions.run(async (tx) => {
      const behind = await tx.query<{ id: string }>(
        `select id from service
         where source_key = $1 and removed_at is null and head_commit is distinct from $2
           and (head_seen_at is null or head_seen_at < $3::timestamptz)
         order by id for update`,
        [head.key, commit, head.since],
      );
      const ids = behind.map(({ id }) => id);
      // What is the newest when a service was held, and was not known then, is no news.
      await tx.query(
        `update service set head_commit = $2, head_seen_at = $3::timestamptz,
           held_commit = case when held_at is not null and head_commit is null then $2 else held_commit end
         where id = any($1)`,
        [ids, commit, head.since],
      );
      if (ids.length > 0) {
        await settleUpdates(tx, ids);
      }
      // Behind the services, as everybody does who has locked one: else two could wait for each other.
      await tx.query(
        `update source_head set commit = $2, error = null, checked_at = now()
         where key = $1 and (checked_at is null or checked_at < $3::timestamptz)`,
        [head.key, commit, head.since],
      );
    });
  }

  private failed({ key }: Due, message: string): Promise<unknown> {
    return this.options.transactions.run((tx) =>
      tx.query("update source_head set error = $2, checked_at = now() where key = $1", [
        key,
        storable(message),
      ]),
    );
  }
}
