import { UserInputError, UserInputErrors } from "../../src/errors.js";

/** The codes of the user errors that a verb ends with; none when it works. */
export async function codesOf(work: Promise<unknown>): Promise<string[]> {
  try {
    await work;
  } catch (error) {
    if (error instanceof UserInputErrors) {
      return error.errors.map((each) => each.code);
    }
    if (error instanceof UserInputError) {
      return [error.code];
    }
    throw error;
  }
  return [];
}
