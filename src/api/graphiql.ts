import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import express, { type RequestHandler, type Router } from "express";

// From dist/src/api to what the build made of the page.
const folder = fileURLToPath(new URL("../../page", import.meta.url));
const page = join(folder, "index.html");

/**
 * Only what Rebake itself serves; Monaco, GraphiQL's editor, makes style elements, and its style sheet holds
 * fonts and icons as data.
 */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "worker-src 'self'",
  "connect-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "font-src 'self' data:",
  "img-src 'self' data:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

/** The page of GraphiQL for browsers that come to the API's address; everybody else passes. */
export function graphiqlPage(): RequestHandler {
  return (request, response, next) => {
    response.vary("Accept");
    // The page finds what belongs to it relative to its own address.
    const wanted = !request.path.endsWith("/") && request.accepts(answers) === "text/html";
    if (!wanted || !existsSync(page)) {
      next();
      return;
    }
    response.set({
      "Content-Security-Policy": policy,
      "X-Content-Type-Options": "nosniff",
      "Referrer-Policy": "no-referrer",
      "Cross-Origin-Opener-Policy": "same-origin",
    });
    response.sendFile(page, { cacheControl: false, headers: { "Cache-Control": "no-cache" } });
  };
}

/** What an address that a browser is sent to may answer with; the first wins where all are welcome. */
const answers = ["application/json", "application/graphql-response+json", "text/html"];

/** Scripts, styles and fonts of the page; their names change with their content. */
export function graphiqlAssets(): Router {
  const router = express.Router();
  router.use(express.static(folder, { index: false, immutable: true, maxAge: "1y", redirect: false }));
  return router;
}
