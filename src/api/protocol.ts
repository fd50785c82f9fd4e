import { createSourceEventStream, type ExecutionArgs, execute, type GraphQLError } from "graphql";
import { type Context, makeServer, type Server } from "graphql-ws";
import { RequestError } from "../errors.js";
import type { Connection } from "./connection.js";
import { Feed } from "./feed.js";
import { ResponseIterator } from "./iterators.js";
import { asGraphQLError, formatResult } from "./subscriptions.js";
import type { Caller, WebSocketLimits, WebSocketOptions } from "./websocket-options.js";

type Ctx<Actor, Scope> = Context<Record<string, unknown> | undefined, Connection<Actor, Scope>>;

/** An operation on its way through graphql-ws, which hands its arguments on to `execute` and `subscribe`. */
interface Operation<Actor, Scope> extends ExecutionArgs {
  id: string;
  connection: Connection<Actor, Scope>;
}

export interface ProtocolOptions<Actor, Scope> extends WebSocketOptions<Actor, Scope> {
  limits: WebSocketLimits;
  /** Takes the socket into the caller's count; says why not otherwise. */
  admit: (connection: Connection<Actor, Scope>, token: string, caller: Caller<Actor, Scope>) => string | null;
}

/** graphql-transport-ws by graphql-ws, with the checks, contexts and errors that hold over HTTP. */
export function makeProtocol<Actor, Scope>(
  options: ProtocolOptions<Actor, Scope>,
): Server<Connection<Actor, Scope>> {
  const context = (operation: Operation<Actor, Scope>) => {
    const { connection, id } = operation;
    return options.operationContext(connection.token!.caller, connection.inbox.signal(id));
  };
  return makeServer<Record<string, unknown> | undefined, Connection<Actor, Scope>>({
    connectionInitWaitTimeout: options.limits.initTimeout,
    onConnect: (ctx) => connect(options, ctx),
    onSubscribe: (ctx, id, payload) => {
      if (Object.keys(ctx.subscriptions).length > options.limits.operationsPerSocket) {
        return [tooMany(options.limits.operationsPerSocket)];
      }
      return prepare(options, context, ctx.extra, id, {
        query: payload.query,
        operationName: payload.operationName ?? null,
        variables: payload.variables ?? {},
      });
    },
    execute: (args) => executeSafely(args),
    subscribe: (args) => subscribe(options, context, args as Operation<Actor, Scope>),
    onNext: (_ctx, _id, _payload, _args, result) => formatResult(result, options.formatError),
    onError: (_ctx, _id, _payload, errors) =>
      errors.map((error) => options.formatError(asGraphQLError(error))),
  });
}

/** False makes graphql-ws close with 4403. */
async function connect<Actor, Scope>(
  options: ProtocolOptions<Actor, Scope>,
  ctx: Ctx<Actor, Scope>,
): Promise<boolean> {
  const token = tokenOf(ctx.connectionParams);
  if (token === null) {
    return false;
  }
  try {
    const caller = await options.authenticate(token);
    const refusal = caller && options.admit(ctx.extra, token, caller);
    if (refusal) {
      ctx.extra.close(4403, refusal);
    }
    return caller !== null && refusal === null;
  } catch (error) {
    options.onError(error);
    ctx.extra.close(1013, "Cannot check tokens now, try again shortly");
    return false;
  }
}

/** The token in `connection_init`: `authorization: "Bearer …"`, or `token` alone. */
function tokenOf(params: Readonly<Record<string, unknown>> | undefined): string | null {
  for (const [name, value] of Object.entries(params ?? {})) {
    if (typeof value === "string" && name.toLowerCase() === "authorization") {
      return /^Bearer +(\S+)$/i.exec(value)?.[1] ?? null;
    }
    if (typeof value === "string" && name.toLowerCase() === "token") {
      return value;
    }
  }
  return null;
}

async function prepare<Actor, Scope>(
  options: ProtocolOptions<Actor, Scope>,
  context: (operation: Operation<Actor, Scope>) => unknown,
  connection: Connection<Actor, Scope>,
  id: string,
  source: { query: string; operationName: string | null; variables: Record<string, unknown> },
): Promise<Operation<Actor, Scope> | readonly GraphQLError[]> {
  try {
    const prepared = await options.prepare(source);
    if ("errors" in prepared) {
      return prepared.errors;
    }
    const operation: Operation<Actor, Scope> = {
      id,
      connection,
      schema: options.schema,
      document: prepared.document,
      operationName: source.operationName,
      variableValues: source.variables,
      rootValue: undefined,
    };
    return { ...operation, contextValue: context(operation) };
  } catch (error) {
    return [asGraphQLError(error)];
  }
}

async function executeSafely(args: ExecutionArgs) {
  try {
    return await execute(args);
  } catch (error) {
    return { errors: [asGraphQLError(error)] };
  }
}

/** Feeds are served by the hub, any other stream in graphql-ws's own way. */
async function subscribe<Actor, Scope>(
  options: ProtocolOptions<Actor, Scope>,
  context: (operation: Operation<Actor, Scope>) => unknown,
  operation: Operation<Actor, Scope>,
) {
  try {
    const stream = await createSourceEventStream(operation);
    if (stream instanceof Feed) {
      await options.subscriptions.check(stream);
      return operation.connection.feed(operation.id, feedRequest(operation, stream), options.subscriptions);
    }
    if (!(Symbol.asyncIterator in stream)) {
      return stream;
    }
    return new ResponseIterator(stream, (rootValue) =>
      executeSafely({ ...operation, rootValue, contextValue: context(operation) }),
    );
  } catch (error) {
    return { errors: [asGraphQLError(error)] };
  }
}

function feedRequest<Actor, Scope>(operation: Operation<Actor, Scope>, feed: Feed) {
  return {
    document: operation.document,
    operationName: operation.operationName,
    variables: { ...operation.variableValues },
    scope: operation.connection.token!.caller.scope,
    feed,
  };
}

function tooMany(limit: number): GraphQLError {
  return asGraphQLError(
    new RequestError("LIMIT_EXCEEDED", `A socket may have ${limit} operations at a time; complete some.`),
  );
}
