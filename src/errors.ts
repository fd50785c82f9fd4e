/**
 * Every error Rebake reports, with its stable code. A code's text is the row of docs/errors.md; a test
 * compares the two and looks for codes that nothing throws.
 */

/** What a user can put right: returned in a mutation's `errors`, next to the field it is about. */
export const userErrorCodes = {
  INVALID: "A value is malformed or out of range; the message names the field and what is allowed.",
  TOO_LARGE: "A value or a whole spec is larger than allowed; the message names the limit.",
  NOT_FOUND: "No such environment, recipe, service or operation, or the token may not see it.",
  NAME_TAKEN: "The name is in use; choose another one.",
  CONFLICT: "Somebody was faster: read the current state that the message names and try again.",
  LOCKED: "The recipe is a locked template: copy it and change the copy.",
  ARCHIVED: "The recipe is archived and takes no more changes or services.",
  UNKNOWN_COMPUTED: "A reference names no computed variable on the list, or no value of the environment.",
  MISSING_INPUT: "A required input has no value and no default.",
  UNKNOWN_INPUT: "The recipe asks for no input of that name.",
  PORT_TAKEN: "Another service has published that port.",
  IN_USE: "Something still uses it; the message names what.",
  OPERATION_ENDED: "The operation has ended and cannot be cancelled any more.",
  DRIVER_UNAVAILABLE: "This server has no driver of that kind, or the environment belongs to another host.",
} as const;
export type UserErrorCode = keyof typeof userErrorCodes;

/** What ends a request as a whole: `extensions.code` of a GraphQL error. */
export const requestErrorCodes = {
  UNAUTHENTICATED: "No token, or one that is unknown, revoked or expired; send `Authorization: Bearer …`.",
  FORBIDDEN: "The token may not do this.",
  CURSOR_INVALID: "The cursor is none of this server's; take one from `Query.cursor` or an event.",
  CURSOR_EXPIRED:
    "Events before the cursor have been cleaned up; list again, then subscribe after `Query.cursor`.",
  LIMIT_EXCEEDED: "The document or request is larger or deeper than allowed; the message names the limit.",
  BAD_REQUEST: "The request is not a well-formed GraphQL request.",
  NO_SUCH_OPERATION: "The subscription names an operation or bulk rebuild that does not exist.",
  NO_SUCH_SERVICE: "The subscription names a service that does not exist.",
  UNAVAILABLE:
    "The database, or the engine of a service, cannot be reached from this server, or it is stopping; try again shortly.",
  INTERNAL: "A fault of the server; its log has the details under the requestId.",
} as const;
export type RequestErrorCode = keyof typeof requestErrorCodes;

/** Why an operation did not succeed: `Operation.cause.code`. */
export const causeCodes = {
  REPOSITORY_UNREACHABLE: "The git repository does not exist, cannot be reached or refuses the credential.",
  REF_NOT_FOUND: "The repository has no such branch or commit.",
  FETCH_FAILED: "git could not fetch the commit; the evidence has its last lines.",
  PACKAGE_JSON_MISSING: "The source has no package.json where the recipe says it is.",
  PACKAGE_JSON_INVALID: "The package.json is not valid JSON.",
  DEPENDENCY_NOT_FOUND: "A dependency or version of it does not exist in the npm registry.",
  INSTALL_FAILED: "npm failed; the evidence has its last lines.",
  COMMAND_NOT_FOUND: "The start command cannot be executed.",
  APP_EXITED: "The new process ended before it was ready, or soon after; see exit code and last lines.",
  NOT_LISTENING: "The new process runs but does not listen on $REBAKE_PORT.",
  PROBE_FAILED: "The readiness probe did not pass in time; the sentence says what it answered.",
  DEADLINE_EXCEEDED: "A step did not end within its deadline.",
  PORT_TAKEN:
    "Somebody else has the port that the service publishes: another process of the host, or another service of the engine.",
  CANCELLED_BY_USER: "Somebody cancelled the operation.",
  SUPERSEDED_BY_NEWER: "A newer request for the same service took its place before it started.",
  SPEC_INVALID: "The recipe can no longer be rendered for this service; the sentence says why.",
  CREDENTIAL_MISSING: "The recipe names a credential that does not exist; create it, then rebuild.",
  CREDENTIAL_MISMATCH:
    "The recipe names a credential for another registry than its image's; have it name the right one, then rebuild.",
  INPUT_MISSING: "The recipe asks for inputs that the service has no value for; the sentence names them.",
  NOTHING_DEPLOYED: "Nothing of the service runs that could be restarted or scaled; rebuild it first.",
  DISK_FULL: "The disk of the host is full.",
  IMAGE_NOT_FOUND: "The registry has no such image or tag, or shows it only to who has a credential.",
  REGISTRY_REFUSED: "The image's registry refuses the credential, or wants one.",
  REGISTRY_UNREACHABLE: "The image's registry cannot be reached; the sentence says from where.",
  ENGINE_UNREACHABLE:
    "The environment names no engine, or its engine cannot be reached; see the environment's health.",
  ENGINE_REFUSED: "The engine did not accept what was asked of it; the sentence has its own words.",
  NO_SUITABLE_NODE:
    "No node of the engine can take a replica: placement, resources or ports; the sentence says which.",
  OUT_OF_MEMORY:
    "The new process was killed because it used more memory than it may; raise resources.memory.",
  CHANGED_ON_ENGINE:
    "Somebody changed the service on its engine by hand meanwhile; look at what they did, then rebuild.",
  DRIVER_FAULT: "The driver failed in a way it did not expect; the server's log has the details.",
} as const;
export type CauseCode = keyof typeof causeCodes;

/** Why the server did not start; printed as one sentence, exit code 1. */
export const startErrorCodes = {
  CONFIG_INVALID: "An environment variable has a wrong value; the message names it and what is allowed.",
  DATABASE_UNREACHABLE: "PostgreSQL cannot be reached with DATABASE_URL, or is older than 14.",
  DATABASE_FAILED: "The embedded PostgreSQL did not start; the message has its last lines.",
  SCHEMA_TOO_NEW: "The database was migrated by a newer Rebake; start that version.",
  SECRET_KEY_WRONG: "The secret key does not open what this database holds; restore the right one.",
  HOME_IN_USE: "Another Rebake runs with this home folder; stop it or set REBAKE_HOME.",
  PORT_IN_USE: "Another process listens on HOST and PORT; set PORT.",
} as const;
export type StartErrorCode = keyof typeof startErrorCodes;

/** Something the caller can put right; a verb throws it inside its transaction, which is rolled back. */
export class UserInputError extends Error {
  override readonly name = "UserInputError";
  constructor(
    readonly code: UserErrorCode,
    message: string,
    /** Where in the input, e.g. `["spec", "ports", "0", "target"]`; null when it is about no field. */
    readonly field: string[] | null = null,
  ) {
    super(message);
  }
}

/** Several things to put right at once, e.g. all invalid fields of a spec. */
export class UserInputErrors extends Error {
  override readonly name = "UserInputErrors";
  constructor(readonly errors: UserInputError[]) {
    super(errors.map((error) => error.message).join("; "));
  }
}

/** Ends a request; its code and message are safe to show to a client. */
export class RequestError extends Error {
  override readonly name = "RequestError";
  constructor(
    readonly code: RequestErrorCode,
    message: string,
  ) {
    super(message);
  }
}

/** Ends the start of the server; the message says what, where and what to do. */
export class StartError extends Error {
  override readonly name = "StartError";
  constructor(
    readonly code: StartErrorCode,
    message: string,
  ) {
    super(message);
  }
}

/** What made an operation not succeed: expected, has a reason, kept with the operation. */
export interface Cause {
  code: CauseCode;
  /** One sentence: what happened and what to do about it. */
  message: string;
  exitCode: number | null;
  /** The last lines that git, npm or the app printed, oldest first; at most 20. */
  lastLines: string[];
}

/** Thrown inside the pipeline to end an operation with a cause. */
export class OperationFailure extends Error {
  override readonly name = "OperationFailure";
  override readonly cause: Cause;
  constructor(
    code: CauseCode,
    message: string,
    evidence: Partial<Pick<Cause, "exitCode" | "lastLines">> = {},
  ) {
    super(message);
    this.cause = { code, message, exitCode: evidence.exitCode ?? null, lastLines: evidence.lastLines ?? [] };
  }
}

/** This server no longer holds the operation's lease: whatever it was doing must stop, unwritten. */
export class LeaseLost extends Error {
  override readonly name = "LeaseLost";
  /** @param options with what keeps this server from writing anything down, where that is why */
  constructor(operationId: string, options: ErrorOptions = {}) {
    super(`the lease of operation ${operationId} is lost`, options);
  }
}
