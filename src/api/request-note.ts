import { AsyncLocalStorage } from "node:async_hooks";
import { randomUUID } from "node:crypto";
import type { NextFunction, Request, Response } from "express";
import type { Log } from "../log.js";
import type { Metrics } from "./metrics.js";

/** What is noted about an HTTP request while it is answered. */
export interface RequestNote {
  requestId: string;
  actor: string | null;
  /** Name and kind of the GraphQL operation. */
  operation: string | null;
  operationType: string | null;
}

const current = new AsyncLocalStorage<RequestNote>();
const acceptable = /^[\w.:-]{1,100}$/;
const routes = new Set(["/", "/graphql", "/healthz", "/readyz", "/metrics"]);

/** The note of the request that is being answered. */
export function requestNote(): RequestNote {
  return current.getStore() ?? { requestId: randomUUID(), actor: null, operation: null, operationType: null };
}

/** Gives every request an id (the caller's own if it is short and plain), and a line in the log when it ends. */
export function noteRequests(log: Log, metrics: Metrics) {
  return (request: Request, response: Response, next: NextFunction): void => {
    const given = request.get("x-request-id");
    const requestId = given && acceptable.test(given) ? given : randomUUID();
    const note: RequestNote = { requestId, actor: null, operation: null, operationType: null };
    const route = routes.has(request.path) ? request.path : "other";
    const began = performance.now();
    response.setHeader("X-Request-Id", requestId);
    response.once("close", () => {
      const ms = performance.now() - began;
      const status = response.writableFinished ? response.statusCode : 499;
      metrics.requestEnded(request.method, route, status, ms / 1000);
      const level = route === "/graphql" || status >= 400 ? "info" : "debug";
      log[level]({ ...note, method: request.method, route, status, ms: Math.round(ms * 10) / 10 }, "request");
    });
    current.run(note, next);
  };
}
