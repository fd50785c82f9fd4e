import type { Request, RequestHandler, Response } from "express";
import type { Edge } from "./edge.js";
import { limits } from "./limits.js";
import { requestNote } from "./request-note.js";

/** What a request in JSON asks for, as Apollo takes it. */
interface Asked {
  query: string;
  operationName: string | null;
  variables: Record<string, unknown>;
}

const mediaTypes = ["application/json", "application/graphql-response+json"];

/**
 * Answers the common case, a query by POST that succeeds, without Apollo. Everything else goes on to Apollo as if
 * nothing had been tried: a query has no effects. So nothing but the good answer is said twice.
 */
export function fastReads(edge: Edge): RequestHandler {
  return (request, response, next) => {
    const asked = askedFor(request);
    if (!asked) {
      next();
      return;
    }
    answer(edge, request, response, asked).then(
      (answered) => answered || next(),
      () => next(),
    );
  };
}

/**
 * Nothing is parsed for who has no token.
 * @returns whether it was answered
 */
async function answer(edge: Edge, request: Request, response: Response, asked: Asked): Promise<boolean> {
  const note = requestNote();
  const type = request.accepts(mediaTypes);
  const { actor, scope } = await edge.authenticator.authenticate(request.get("authorization"));
  const prepared = edge.documents.prepare(asked);
  if (!type || "errors" in prepared || !prepared.plan) {
    return false;
  }
  const context = edge.contexts.forRequest(actor, scope, note.requestId);
  const data = await prepared.plan.execute(context, asked.variables);
  if (!data) {
    return false;
  }
  note.actor = actor.name;
  note.operation = prepared.operation.name?.value ?? null;
  note.operationType = prepared.operation.operation;
  const extensions = { cost: { requested: prepared.cost, limit: limits.cost } };
  const body = `${JSON.stringify({ data, extensions })}\n`;
  response.setHeader("content-type", `${type}; charset=utf-8`);
  response.setHeader("content-length", Buffer.byteLength(body));
  response.end(body);
  return true;
}

function askedFor(request: Request): Asked | null {
  const { query, operationName = null, variables, ...rest } = (request.body ?? {}) as Record<string, unknown>;
  const plain =
    request.method === "POST" &&
    typeof query === "string" &&
    (operationName === null || typeof operationName === "string") &&
    (variables === undefined || variables === null || isObject(variables)) &&
    Object.keys(rest).length === 0;
  return plain ? { query, operationName, variables: variables ?? {} } : null;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
