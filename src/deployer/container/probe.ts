import { spawn } from "node:child_process";
import type { ContainerJob, ContainerProbe, ExecProbe, HttpProbe, TcpProbe } from "./job.js";
import { findPrepared } from "./prepare.js";
import { surroundings } from "./start.js";
import { notExecuted } from "./tools.js";

const loopbacks = ["127.0.0.1", "::1"];

/** Null: it passes. `refused`: nothing listens there. */
type Finding = { refused: boolean; message: string } | null;

/** Tries the probe once, prints why it does not pass, and returns the exit code. */
export async function probe(what: ContainerProbe, environment: NodeJS.ProcessEnv): Promise<number> {
  if ("exec" in what) {
    return execute(what, environment);
  }
  const finding = await look(what);
  if (finding) {
    process.stdout.write(`${finding.message}\n`);
  }
  return finding ? 1 : 0;
}

/** Null when it passes; else why not. */
export async function look(what: HttpProbe | TcpProbe): Promise<Finding> {
  const deadline = Date.now() + what.timeoutMs;
  let finding: Finding = null;
  for (const host of loopbacks) {
    finding = "httpGet" in what ? await ask(host, what, deadline) : await connect(host, what, deadline);
    if (!finding?.refused) {
      break;
    }
  }
  return finding;
}

/** What the program prints is said as it is. */
async function execute(
  { exec, timeoutMs }: ExecProbe,
  { REBAKE_JOB: text, ...environment }: NodeJS.ProcessEnv,
): Promise<number> {
  const job = JSON.parse(text!) as ContainerJob;
  try {
    const prepared = job.source && (await findPrepared(job));
    if (job.source && !prepared) {
      throw new Error("the app is not prepared yet");
    }
    const { cwd, env } = await surroundings(job, prepared?.folder ?? process.cwd(), environment);
    return await exitCode(exec, { cwd, env }, timeoutMs);
  } catch (error) {
    process.stdout.write(`${(error as Error).message}\n`);
    return 1;
  }
}

/** 0, or 1 for any other. Ends all that the program has begun when it takes too long. */
function exitCode(argv: string[], where: { cwd: string; env: NodeJS.ProcessEnv }, timeoutMs: number) {
  return new Promise<number>((resolve, reject) => {
    const program = spawn(argv[0]!, argv.slice(1), {
      ...where,
      stdio: ["ignore", "inherit", "inherit"],
      detached: true,
    });
    const late = setTimeout(() => {
      process.kill(-program.pid!, "SIGKILL");
      reject(new Error(`${argv[0]} did not end within ${timeoutMs} ms`));
    }, timeoutMs);
    program.once("exit", (code) => {
      clearTimeout(late);
      resolve(code === 0 ? 0 : 1);
    });
    program.once("error", (error) => {
      clearTimeout(late);
      reject(notExecuted(argv[0]!, error));
    });
  });
}

async function connect(host: string, { port, timeoutMs }: TcpProbe, deadline: number): Promise<Finding> {
  const net = await import("node:net");
  return new Promise((resolve) => {
    const socket = net.connect({ host, port });
    const late = setTimeout(
      () => end({ refused: false, message: `port ${port} accepted no connection within ${timeoutMs} ms` }),
      deadline - Date.now(),
    );
    const end = (finding: Finding) => {
      clearTimeout(late);
      socket.destroy();
      resolve(finding);
    };
    socket.once("connect", () => end(null));
    socket.on("error", (error: NodeJS.ErrnoException) => end(refused(error, port)));
  });
}

async function ask(host: string, what: HttpProbe, deadline: number): Promise<Finding> {
  const { get } = await import("node:http");
  const { port, path, timeoutMs } = what;
  return new Promise((resolve) => {
    const request = get({
      host,
      port,
      path,
      headers: { "user-agent": "rebake-probe" },
      agent: false,
    });
    const late = setTimeout(
      () => end({ refused: false, message: `GET ${path} was not answered within ${timeoutMs} ms` }),
      deadline - Date.now(),
    );
    const end = (finding: Finding) => {
      clearTimeout(late);
      request.destroy();
      resolve(finding);
    };
    request.once("response", ({ statusCode = 0 }) => {
      const passes = statusCode >= 200 && statusCode < 400;
      end(passes ? null : { refused: false, message: `GET ${path} answered ${statusCode}` });
    });
    request.on("error", (error: NodeJS.ErrnoException) => {
      const finding = refused(error, port);
      end(finding.refused ? finding : { refused: false, message: `GET ${path} failed: ${error.message}` });
    });
  });
}

function refused(error: NodeJS.ErrnoException, port: number): { refused: boolean; message: string } {
  // A host without IPv6 has no `::1`.
  return ["ECONNREFUSED", "EADDRNOTAVAIL", "EAFNOSUPPORT"].includes(error.code ?? "")
    ? { refused: true, message: `nothing listens on port ${port}` }
    : { refused: false, message: `port ${port} cannot be connected to: ${error.message}` };
}
