import { UserInputError, UserInputErrors } from "../../src/errors.js";

/** The codes of the user errors that a verb ends with; none when it works. */
export async function codesOf(work: Promise<unknown>): Promise<string[]> {
  return (await userErrorsOf(work)).map(({ code }) => code);
}

/** Their messages. */
export async function messagesOf(work: Promise<unknown>): Promise<string[]> {
  return (await userErrorsOf(work)).map(({ message }) => message);
}

/** Which fields of the input they are about. */
export async function fieldsOf(work: Promise<unknown>): Promise<(string | undefined)[]> {
  return (await userErrorsOf(work)).map(({ field }) => field?.join("."));
}

async function userErrorsOf(work: Promise<unknown>): Promise<UserInputError[]> {
  try {
    await work;
  } catch (error) {
    if (error instanceof UserInputErrors) {
      return error.errors;
    }
    if (error instanceof UserInputError) {
      return [error];
    }
    throw error;
  }
  return [];
}
