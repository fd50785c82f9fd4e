import { UserInputError, UserInputErrors } from "../errors.js";
import { currentCursor, type Transaction } from "../storage/transaction.js";
import { forgetReads, type RequestContext } from "./context.js";

/** An error as it is resolved: graphql-js would throw an instance of Error instead of answering with it. */
type Told = Pick<UserInputError, "code" | "field" | "message">;

interface Answer {
  /** Just before the mutation's own events. */
  cursor: bigint;
  errors: Told[];
}

/**
 * Runs a verb in a transaction and answers with what it made, or with what the caller can put right. Anything
 * else that goes wrong ends the request.
 * @param check whether the caller may; runs first
 */
export async function runMutation<Made extends object>(
  context: RequestContext,
  check: () => Promise<void> | void,
  work: (tx: Transaction) => Promise<Made>,
): Promise<Answer & Partial<Made>> {
  try {
    await check();
    const { result, cursor } = await context.deps.transactions.commit(work);
    return { ...result, cursor, errors: [] };
  } catch (error) {
    const errors = userErrors(error);
    const cursor = await currentCursor(context.deps.dataSource.manager);
    return { cursor, errors } as Answer & Partial<Made>;
  } finally {
    forgetReads(context);
  }
}

/**
 * Runs a question of several statements at one moment, and answers with what it found or with what the caller can put
 * right.
 */
export async function runQuery<Found extends object>(
  context: RequestContext,
  work: (tx: Transaction) => Promise<Found>,
): Promise<Partial<Found> & { errors: Told[] }> {
  try {
    const found = await context.deps.transactions.read(work);
    return { ...found, errors: [] };
  } catch (error) {
    return { errors: userErrors(error) } as Partial<Found> & { errors: Told[] };
  }
}

function userErrors(error: unknown): Told[] {
  const errors = error instanceof UserInputErrors ? error.errors : [error];
  return errors.map((each) => {
    if (!(each instanceof UserInputError)) {
      throw each;
    }
    return { code: each.code, field: each.field, message: each.message };
  });
}
