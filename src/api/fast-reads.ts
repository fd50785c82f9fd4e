import type { Request, RequestHandler, Response } from "express";
import type { Prepared } from "./documents.js";
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
    const prepared = asked && edge.documents.prepare(asked);
    if (!prepared || "errors" in prepared || !prepared.plan) {
      next();
      return;
    }
    answer(edge, request, response, asked, prepared).then(
      (answered) => answered || next(),
      () => next(),
    );
  };
}

/** @returns whether it was answered */
async function answer(
  { authenticator, contexts }: Edge,
  request: Request,
  response: Response,
  { variables }: Asked,
  { plan, operation, cost }: Prepared,
): Promise<boolean> {
  const type = request.accepts(mediaTypes);
  if (!type) {
    return false;
  }
  const note = requestNote();
  const { actor, scope } = await authenticator.authenticate(request.get("authorization"));
  const data = await plan!.execute(contexts.forRequest(actor, scope, note.requestId), variables);
  if (!data) {
    return false;
  }
  note.actor = actor.name;
  note.operation = operation.name?.value ?? null;
  note.operationType = operation.operation;
  const extensions = { cost: { requested: cost, limit: limits.cost } };
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
