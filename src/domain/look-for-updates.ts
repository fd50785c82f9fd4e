import type { Transaction } from "../storage/transaction.js";

/**
 * Has the branches that services follow looked at for new commits now, instead of when it is their turn.
 * @param environments codes that the caller may see; null: all
 * @returns how many branches that are
 */
export async function lookForUpdates(
  tx: Transaction,
  input: { environment?: string | null; recipe?: string | null; service?: string | null },
  environments: readonly string[] | null,
): Promise<number> {
  const due = await tx.query(
    `update source_head set next_check_at = now() where key in (
       select service.source_key from service
       join environment on environment.id = service.environment_id and environment.deleted_at is null
       join recipe on recipe.id = service.recipe_id
       where service.removed_at is null and ($1::text is null or environment.code = $1)
         and ($2::text is null or recipe.name = $2 or recipe.id = $2)
         and ($3::text is null or service.id = $3) and ($4::text[] is null or environment.code = any($4)))
     returning key`,
    [input.environment ?? null, input.recipe ?? null, input.service ?? null, environments],
  );
  return due.length;
}
