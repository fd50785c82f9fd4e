import type { Transaction } from "../storage/transaction.js";
import type { Environment } from "./environment.js";
import { contentHash } from "./fingerprint.js";
import type { Source } from "./recipe-spec.js";

/** A branch of a repository that services follow: what is looked at for new commits. */
export interface SourceHeadKey {
  key: string;
  repository: string;
  branch: string;
  /** Name of the git credential; null: the repository is public. */
  credential: string | null;
  /** A path of a host's own disk can be looked at by that host only; null: any server can look. */
  hostId: string | null;
}

/** The branch a source follows; null without a source, or with a commit that the recipe pins. */
export function sourceHeadOf(source: Source | null, environment: Environment): SourceHeadKey | null {
  if (!source || source.commit !== null) {
    return null;
  }
  const { repository, branch, credential } = source;
  const hostId = /^(file:|\/)/i.test(repository) ? environment.hostId : null;
  return {
    key: contentHash([repository, branch, credential, hostId]),
    repository,
    branch,
    credential,
    hostId,
  };
}

/** Has these branches looked at from now on. */
export async function keepSourceHeads(tx: Transaction, heads: readonly SourceHeadKey[]): Promise<void> {
  const distinct = [...new Map(heads.map((head) => [head.key, head])).values()].sort((a, b) =>
    a.key < b.key ? -1 : 1,
  );
  if (distinct.length === 0) {
    return;
  }
  await tx.query(
    `insert into source_head (key, repository, branch, credential, host_id)
     select * from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[]) on conflict do nothing`,
    [
      distinct.map(({ key }) => key),
      distinct.map(({ repository }) => repository),
      distinct.map(({ branch }) => branch),
      distinct.map(({ credential }) => credential),
      distinct.map(({ hostId }) => hostId),
    ],
  );
}
