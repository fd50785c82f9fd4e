import { expressMiddleware } from "@as-integrations/express5";
import cors from "cors";
import express, { type ErrorRequestHandler, type Express, type RequestHandler } from "express";
import { RequestError } from "../errors.js";
import { contextOf, startApollo } from "./apollo.js";
import type { ApiDeps } from "./context.js";
import { createEdge, type Edge } from "./edge.js";
import { fastReads } from "./fast-reads.js";
import { gitRepository } from "./git-repository.js";
import { graphiqlAssets, graphiqlPage } from "./graphiql.js";
import { limits } from "./limits.js";
import { alive, type ReadinessCheck, readiness } from "./probes.js";
import { noteRequests, requestNote } from "./request-note.js";

export interface ApiOptions {
  /** Origins that browsers may call from, or `*` for all of them. */
  corsOrigins: readonly string[] | "*";
  introspection: boolean;
  /** Folder of a git repository that anybody may fetch, at `examplePath`; null: none. */
  exampleRepository: string | null;
  /** What must work for this server to be ready, by name, e.g. `database`. */
  checks: Readonly<Record<string, ReadinessCheck>>;
}

export interface Api {
  /** Answers HTTP; hand it to `http.createServer`. */
  app: Express;
  /** What a WebSocket on the same path has to share with HTTP. */
  edge: Edge;
  /** Resolves when the requests that are being answered have been; later ones are refused. */
  close(): Promise<void>;
}

/** Where the example repository is served: services on engines fetch it from there. */
export const examplePath = "/examples/shop.git";

const welcome = `This is Rebake. It keeps every deployed service on its current recipe.

  GET  /graphql    GraphiQL, in a browser
  POST /graphql    queries and mutations, with the header Authorization: Bearer <token>
  WS   /graphql    subscriptions (graphql-transport-ws), with the same text as "authorization" in connection_init
  GET  /healthz    whether the process is alive
  GET  /readyz     whether it can work, and what is missing
  GET  /metrics    numbers for Prometheus
`;

/** The API over HTTP. */
export async function createApi(deps: ApiDeps, options: ApiOptions): Promise<Api> {
  const edge = createEdge(deps, options);
  const apollo = await startApollo(edge);
  const app = express();
  app.disable("x-powered-by");
  app.disable("etag");
  app.use(noteRequests(deps.log, edge.metrics), crossOrigin(options.corsOrigins));
  app.get("/", (_request, response) => void response.type("text/plain").send(welcome));
  app.get("/healthz", alive);
  app.get("/readyz", readiness(options.checks));
  app.get("/metrics", async (_request, response) => {
    response.type(edge.metrics.contentType).send(await edge.metrics.text());
  });
  if (options.exampleRepository !== null) {
    app.use(examplePath, gitRepository(options.exampleRepository));
  }
  app.get("/graphql", graphiqlPage());
  app.use("/graphiql", graphiqlAssets());
  app.use(
    "/graphql",
    express.json({ limit: limits.bodyBytes }),
    fastReads(edge),
    expressMiddleware(apollo, { context: ({ req }) => contextOf(edge, req) }),
  );
  app.use(notFound, failed(edge));
  return { app, edge, close: () => apollo.stop() };
}

/** Tokens travel in a header that browsers do not add by themselves, so no cookies and no credentials mode. */
function crossOrigin(origins: readonly string[] | "*"): RequestHandler {
  if (origins !== "*" && origins.length === 0) {
    return (_request, _response, next) => next();
  }
  return cors({
    origin: origins === "*" ? "*" : [...origins],
    methods: ["GET", "POST"],
    exposedHeaders: ["X-Request-Id"],
    maxAge: 3_600,
  });
}

const notFound: RequestHandler = (request, _response, next) => {
  const error = new RequestError(
    "BAD_REQUEST",
    `There is nothing at ${request.path.slice(0, 80)}; GET / says what there is.`,
  );
  next(Object.assign(error, { status: 404 }));
};

/** What goes wrong outside GraphQL is answered in GraphQL's own form. */
function failed(edge: Edge): ErrorRequestHandler {
  return (error, _request, response, next) => {
    if (response.headersSent) {
      next(error);
      return;
    }
    const status = typeof error.status === "number" ? error.status : 500;
    const formatted = edge.errors.format(readable(error, status), requestNote().requestId);
    response.status(status).json({ errors: [formatted] });
  };
}

/** The body parser's own messages quote the body. */
function readable(error: { type?: string }, status: number): unknown {
  if (error.type === "entity.too.large") {
    return new RequestError("LIMIT_EXCEEDED", `The body may have at most ${limits.bodyBytes} bytes.`);
  }
  if (error.type === "entity.parse.failed") {
    return new RequestError("BAD_REQUEST", "The body is not valid JSON.");
  }
  return status < 500 && !(error instanceof RequestError)
    ? new RequestError("BAD_REQUEST", "The body cannot be read: send JSON in UTF-8, as application/json.")
    : error;
}
