import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import express, { type Request, type RequestHandler, type Response, type Router } from "express";
import { RequestError, type RequestErrorCode } from "../errors.js";

/** Fetches at once; each is a process. */
const mostAtOnce = 16;
/** How long one may take, in milliseconds. */
const patience = 60_000;
const uploadPack = "git-upload-pack";

/**
 * Lets git clone and fetch one repository (its smart HTTP protocol), and nothing else: no path of a request reaches the
 * file system, and there is no way to push. Passes when the repository is not there.
 */
export function gitRepository(folder: string): Router {
  let running = 0;
  const serve =
    (work: (request: Request, response: Response) => Promise<void>): RequestHandler =>
    async (request, response, next) => {
      if (!existsSync(folder)) {
        next();
        return;
      }
      if (running >= mostAtOnce) {
        throw Object.assign(
          new RequestError("UNAVAILABLE", "Too many fetch from here at once: try again shortly."),
          {
            status: 503,
          },
        );
      }
      running += 1;
      response.set({ "Cache-Control": "no-cache", "X-Content-Type-Options": "nosniff" });
      try {
        await work(request, response);
      } catch (error) {
        // What was begun cannot be taken back: git is to see that there is no more.
        response.headersSent ? response.destroy() : next(error);
      } finally {
        running -= 1;
      }
    };

  const router = express.Router();
  router.get(
    "/info/refs",
    serve(async (request, response) => {
      if (request.query.service !== uploadPack) {
        throw refusal("FORBIDDEN", 403, "Here is something to fetch, by git's smart HTTP protocol.");
      }
      response.type(`application/x-${uploadPack}-advertisement`);
      // Version 2 of the protocol says by itself what it is.
      if (protocolOf(request) !== "version=2") {
        response.write(`001e# service=${uploadPack}\n0000`);
      }
      await runUploadPack(folder, ["--advertise-refs"], request, response);
    }),
  );
  router.post(
    `/${uploadPack}`,
    serve(async (request, response) => {
      if (!request.is(`application/x-${uploadPack}-request`)) {
        throw refusal("BAD_REQUEST", 415, "Only git is answered here.");
      }
      response.type(`application/x-${uploadPack}-result`);
      await runUploadPack(folder, [], request, response);
    }),
  );
  return router;
}

function refusal(code: RequestErrorCode, status: number, message: string): Error {
  return Object.assign(new RequestError(code, message), { status });
}

/** Newer versions of git's protocol are asked for in a header. */
function protocolOf(request: Request): string {
  return /^version=\d$/.exec(request.get("git-protocol") ?? "")?.[0] ?? "";
}

async function runUploadPack(
  folder: string,
  options: string[],
  request: Request,
  response: Response,
): Promise<void> {
  const args = ["-c", `safe.directory=${folder}`, "upload-pack", "--stateless-rpc", ...options, folder];
  const git = spawn("git", args, {
    env: {
      PATH: process.env.PATH,
      GIT_PROTOCOL: protocolOf(request),
      GIT_CONFIG_GLOBAL: "/dev/null",
      GIT_CONFIG_NOSYSTEM: "1",
    },
    stdio: ["pipe", "pipe", "ignore"],
  });
  const late = setTimeout(() => git.kill("SIGKILL"), patience);
  const ended = new Promise<void>((resolve, reject) => {
    git.once("error", reject);
    git.once("close", (code) =>
      code === 0 ? resolve() : reject(refusal("BAD_REQUEST", 400, "git cannot make sense of the request.")),
    );
  });
  response.once("close", () => git.kill("SIGKILL"));
  const asked =
    request.get("content-encoding") === "gzip"
      ? pipeline(request, createGunzip(), git.stdin)
      : pipeline(request, git.stdin);
  // It may have heard enough before all was said.
  asked.catch(() => undefined);
  try {
    await pipeline(git.stdout, response, { end: false });
    await ended;
    response.end();
  } finally {
    clearTimeout(late);
    git.kill("SIGKILL");
    await ended.catch(() => undefined);
  }
}
