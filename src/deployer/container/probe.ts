import type { ContainerProbe, HttpProbe, TcpProbe } from "./job.js";

const loopbacks = ["127.0.0.1", "::1"];

/** Null: it passes. `refused`: nothing listens there. */
type Finding = { refused: boolean; message: string } | null;

/** Tries the probe once, prints why it does not pass, and returns the exit code. */
export async function probe(what: ContainerProbe): Promise<number> {
  const deadline = Date.now() + what.timeoutMs;
  let finding: Finding = null;
  for (const host of loopbacks) {
    finding = "httpGet" in what ? await ask(host, what, deadline) : await connect(host, what, deadline);
    if (!finding?.refused) {
      break;
    }
  }
  if (finding) {
    process.stdout.write(`${finding.message}\n`);
  }
  return finding ? 1 : 0;
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
