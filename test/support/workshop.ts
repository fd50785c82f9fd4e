import type { Operation } from "../../src/domain/operation.js";
import type { Service } from "../../src/domain/service.js";
import { type Cause, OperationFailure } from "../../src/errors.js";
import type { OpenJournal } from "../../src/operations/journal.js";
import type { ResolveCommit } from "../../src/operations/pin-intent.js";
import { SourceChecker } from "../../src/operations/source-checker.js";
import { Worker } from "../../src/operations/worker.js";
import { Catalog, hostId } from "./catalog.js";
import type { TestDatabase } from "./cluster.js";
import { eventually } from "./eventually.js";
import { silent } from "./silent.js";

/** How an operation ended. */
export interface Verdict {
  state: string;
  cause: Cause | null;
  steps: { name: string; state: string }[];
}

/** A catalog with a worker that runs what is queued on its scripted driver, from branches that a test moves. */
export class Workshop {
  /** What each branch points at. */
  readonly heads = new Map<string, string>([["main", "a".repeat(40)]]);

  private constructor(
    readonly catalog: Catalog,
    private readonly worker: Worker,
  ) {}

  static async open(database: TestDatabase, openJournal?: OpenJournal): Promise<Workshop> {
    const catalog = await Catalog.open(database);
    const worker = new Worker({
      transactions: catalog.transactions,
      drivers: catalog.drivers,
      secretBox: catalog.secretBox,
      resolveCommit: (question) => workshop.resolveCommit(question),
      log: silent,
      claimant: { hostId, owner: `${hostId}/workshop`, leaseSeconds: 10 },
      concurrency: 4,
      logWritten: () => {},
      ...(openJournal && { openJournal }),
    });
    const workshop = new Workshop(catalog, worker);
    catalog.transactions.onCommit(() => worker.wake());
    worker.start();
    return workshop;
  }

  readonly resolveCommit: ResolveCommit = async ({ branch, commit }) => {
    const found = commit ?? this.heads.get(branch);
    if (!found) {
      throw new OperationFailure("REF_NOT_FOUND", `There is no branch ${branch}.`);
    }
    return found;
  };

  close(): Promise<void> {
    return this.worker.stop();
  }

  /** Waits for an operation's verdict. */
  async ended({ id }: Pick<Operation, "id">): Promise<Verdict> {
    return (await eventually(async () => {
      const [row] = await this.sql<Verdict>(
        "select state, cause, steps from operation where id = $1 and finished_at is not null",
        [id],
      );
      return row;
    }))!;
  }

  async service({ id }: Pick<Service, "id">): Promise<Record<string, any>> {
    return (await this.sql<Record<string, any>>("select * from service where id = $1", [id]))[0]!;
  }

  /** The standing Update of a service; undefined: there is none. */
  async update({ id }: Pick<Service, "id">): Promise<Record<string, any> | undefined> {
    return (
      await this.sql<Record<string, any>>("select * from service_update where service_id = $1", [id])
    )[0];
  }

  /** Looks at all branches once, as the server does by itself. */
  async look(): Promise<void> {
    await this.sql("update source_head set next_check_at = now()");
    const checker = new SourceChecker({
      ...{ hostId, transactions: this.catalog.transactions, secretBox: this.catalog.secretBox },
      resolveCommit: this.resolveCommit,
      intervalSeconds: 3600,
      log: silent,
    });
    checker.start();
    await eventually(async () => {
      const due = await this.sql(
        `select key from source_head where (next_check_at <= now() or checked_at is null or checked_at < next_check_at - interval '1 hour')
           and exists (select from service where source_key = key and removed_at is null)`,
      );
      return due.length === 0;
    });
    await checker.stop();
  }

  sql<Row>(statement: string, parameters: unknown[] = []): Promise<Row[]> {
    return this.catalog.run((tx) => tx.query<Row>(statement, parameters));
  }
}
