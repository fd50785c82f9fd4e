import { type Agent, get as httpGet, type IncomingMessage } from "node:http";

/** Who answered, as the shop says it: the operation that started it, else when it started. */
export interface Answerer {
  /** The same for all instances that one operation started. */
  generation: string;
  instance: string | null;
  commit: string | null;
  greeting: string | null;
}

/** One request and how it ended; times in ms of `performance.now()`. */
export interface Exchange {
  start: number;
  end: number;
  /** Null when there was no complete answer. */
  status: number | null;
  /** Why there was none, or why the answer does not count. */
  error: string | null;
  by: Answerer | null;
}

export interface GetOptions {
  url: string;
  /** A keep-alive agent; false for a connection of its own. */
  agent: Agent | false;
  timeoutMs: number;
  /** When it was due: a request that is sent late waits as much longer. */
  start?: number;
}

/** Sends one request, never twice, and resolves when it has ended in whatever way. */
export function get(options: GetOptions): Promise<Exchange> {
  const start = options.start ?? performance.now();
  return new Promise((resolve) => {
    let ended = false;
    const end = (status: number | null, error: string | null, by: Answerer | null) => {
      if (!ended) {
        ended = true;
        clearTimeout(deadline);
        resolve({ start, end: performance.now(), status, error, by });
      }
    };
    const headers = options.agent === false ? { connection: "close" } : {};
    const request = httpGet(options.url, { agent: options.agent, headers }, (response) => {
      readBody(response).then(
        (body) => judge(response.statusCode ?? 0, body, end),
        (error: Error) => end(null, `answer cut off: ${reasonOf(error)}`, null),
      );
    });
    request.on("error", (error) => end(null, reasonOf(error), null));
    const deadline = setTimeout(() => {
      end(null, `no answer in ${options.timeoutMs} ms`, null);
      request.destroy();
    }, options.timeoutMs);
  });
}

/** Whether the request was answered as it should be. */
export function succeeded(exchange: Exchange): boolean {
  return exchange.error === null;
}

async function readBody(response: IncomingMessage): Promise<string> {
  response.setEncoding("utf8");
  let body = "";
  for await (const chunk of response) {
    body += chunk;
  }
  return body;
}

function judge(
  status: number,
  body: string,
  end: (status: number, error: string | null, by: Answerer | null) => void,
): void {
  const by = answererOf(body);
  if (status !== 200) {
    end(status, `status ${status}`, by);
  } else if (by === null) {
    end(status, "not the shop's answer", null);
  } else {
    end(status, null, by);
  }
}

/** Reads who answered from a body of the shop; null when it is something else. */
export function answererOf(body: string): Answerer | null {
  try {
    const { operation, startedAt, instance, commit, greeting } = JSON.parse(body);
    const generation = operation ?? startedAt;
    if (typeof generation !== "string") {
      return null;
    }
    return { generation, instance: instance ?? null, commit: commit ?? null, greeting: greeting ?? null };
  } catch {
    return null;
  }
}

function reasonOf(error: Error): string {
  return (error as NodeJS.ErrnoException).code ?? error.message;
}
