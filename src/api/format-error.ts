import { GraphQLError, type GraphQLFormattedError } from "graphql";
import { RequestError, type RequestErrorCode, requestErrorCodes } from "../errors.js";
import type { Log } from "../log.js";
import { chainOf, troubleOf, troubleSentences } from "../storage/unavailable.js";

/** What a client is told of an error. */
interface Told {
  code: RequestErrorCode;
  message: string;
}

/** Codes of Apollo Server and graphql-js for what is the request's own fault. */
const badRequestCodes = new Set([
  "GRAPHQL_PARSE_FAILED",
  "GRAPHQL_VALIDATION_FAILED",
  "BAD_USER_INPUT",
  "OPERATION_RESOLUTION_FAILURE",
  "PERSISTED_QUERY_NOT_FOUND",
  "PERSISTED_QUERY_NOT_SUPPORTED",
]);

const longestMessage = 1_000;

/**
 * Turns any error into what may leave: a stable code, a requestId, and never a stack, a file or SQL. What is
 * not known to be safe is masked, and logged under its requestId.
 */
export class ErrorFormatter {
  constructor(
    private readonly log: Log,
    private readonly options: { introspection: boolean },
  ) {}

  format(error: unknown, requestId: string): GraphQLFormattedError {
    const told = this.tell(error, requestId);
    const { locations, path } = error instanceof GraphQLError ? error.toJSON() : {};
    return {
      message: told.message,
      ...(locations ? { locations } : {}),
      ...(path ? { path } : {}),
      extensions: { code: told.code, requestId },
    };
  }

  private tell(error: unknown, requestId: string): Told {
    const chain = chainOf(error);
    const told = askedFor(chain) ?? unavailable(chain) ?? unstorable(chain) ?? badRequest(error, chain);
    if (!told) {
      this.log.error({ err: chain.at(-1), requestId }, "a request failed");
      return { code: "INTERNAL", message: `The server failed; its log has the details under ${requestId}.` };
    }
    if (told.code === "UNAVAILABLE") {
      this.log.warn({ err: chain.at(-1), requestId }, "a request could not be answered");
    }
    return { ...told, message: this.shown(told.message) };
  }

  /** Suggestions name what is there: without introspection nobody is told. */
  private shown(message: string): string {
    const text = this.options.introspection ? message : message.replace(/ ?Did you mean [^?]*\?/g, "");
    return text.length > longestMessage ? `${text.slice(0, longestMessage)}…` : text;
  }
}

/** What our own code says to clients. */
function askedFor(chain: unknown[]): Told | null {
  for (const error of chain) {
    if (error instanceof RequestError) {
      return { code: error.code, message: error.message };
    }
    const code = error instanceof GraphQLError ? error.extensions.code : undefined;
    if (typeof code === "string" && Object.hasOwn(requestErrorCodes, code)) {
      return { code: code as RequestErrorCode, message: (error as GraphQLError).message };
    }
  }
  return null;
}

function unavailable(chain: unknown[]): Told | null {
  for (const error of chain) {
    const trouble = error instanceof GraphQLError ? null : troubleOf(error);
    if (trouble) {
      return { code: "UNAVAILABLE", message: troubleSentences[trouble] };
    }
  }
  return null;
}

/** PostgreSQL takes no text with a NUL, not even to look for it (class 22021). */
function unstorable(chain: unknown[]): Told | null {
  return chain.some((error) => (error as { code?: unknown }).code === "22021")
    ? { code: "BAD_REQUEST", message: "A text contains a NUL character, which no name or id has." }
    : null;
}

/** graphql-js repeats what a variable holds, which may be a key or a password: where it is wrong and why is enough. */
function withoutValue({ message, originalError }: GraphQLError): string {
  const [, start] = /^(Variable "\$\w+" got invalid value) /.exec(message) ?? [];
  const reason = originalError?.message ?? message.slice(message.lastIndexOf("; ") + 2);
  if (start === undefined) {
    return message;
  }
  const [at] = / at "[\w.[\]]+"$/.exec(message.slice(0, -reason.length - 2)) ?? [""];
  return `${start}${at}; ${reason.replace(/( value): .*$/s, "$1.")}`;
}

/** What graphql-js and Apollo found wrong with the request itself, before or between resolvers. */
function badRequest(error: unknown, chain: unknown[]): Told | null {
  if (!(error instanceof GraphQLError) || !chain.every((each) => each instanceof GraphQLError)) {
    return null;
  }
  const message = withoutValue(error);
  if (/^Syntax Error: Document contains more tha[nt] \d+ tokens/.test(message)) {
    return {
      code: "LIMIT_EXCEEDED",
      message: message.replace("Syntax Error: ", "").replace("more that", "more than"),
    };
  }
  if (message === "Validation aborted.") {
    return { code: "LIMIT_EXCEEDED", message: "The document repeats fields too often to be validated." };
  }
  const known = badRequestCodes.has(String(error.extensions.code));
  const early = error.path === undefined && error.extensions.code === undefined;
  return known || early || message.startsWith('Argument "') ? { code: "BAD_REQUEST", message } : null;
}
