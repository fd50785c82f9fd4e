import { type Exchange, get } from "./get.js";

/** A slow request with wall-clock times, to be compared with those of an operation's steps. */
export interface SlowRequest extends Exchange {
  startedAt: number;
  endedAt: number;
}

export interface SlowRequests {
  /** Starts no more and waits for those under way. */
  stop(): Promise<SlowRequest[]>;
}

export interface SlowOptions {
  /** Address of the service; `slow` below it is asked for. */
  url: string;
  /** How long the service takes to answer. */
  takesMs: number;
  /** How often one is started. */
  everyMs: number;
}

/** Sends one request that takes `takesMs`; resolves when it has ended in whatever way. */
export async function slowRequest(url: string, takesMs: number): Promise<SlowRequest> {
  const startedAt = Date.now();
  const address = new URL(`slow?ms=${takesMs}`, url).href;
  const exchange = await get({ url: address, agent: false, timeoutMs: takesMs + 20_000 });
  return { ...exchange, startedAt, endedAt: Date.now() };
}

/** Starts slow requests again and again, so that some are in flight whenever the cut-over comes. */
export function startSlowRequests(options: SlowOptions): SlowRequests {
  const all: Promise<SlowRequest>[] = [];
  const start = () => {
    all.push(slowRequest(options.url, options.takesMs));
  };
  start();
  const timer = setInterval(start, options.everyMs);
  return {
    stop: () => {
      clearInterval(timer);
      return Promise.all(all);
    },
  };
}

/** The switch is made this soon after its step began. */
const exactToMs = 250;

/** Those that began before the cut-over and were answered after it, by whomever. */
export function acrossCutOver(requests: readonly SlowRequest[], cutOverAt: number): SlowRequest[] {
  return requests.filter(
    ({ startedAt, endedAt }) => startedAt < cutOverAt && endedAt > cutOverAt + exactToMs,
  );
}
