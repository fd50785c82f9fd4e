import { WebSocket } from "ws";

/** What became of a WebSocket; wall-clock times in ms. */
export interface LiveReport {
  openedAt: number | null;
  echoes: number;
  /** When it last worked. */
  lastEchoAt: number | null;
  /** Longest time between two echoes, in ms. */
  longestSilence: number;
  closedAt: number | null;
  /** 1006 when it was cut without a goodbye; null while it is open. */
  code: number | null;
  reason: string;
}

export interface LiveSocket {
  /** Resolves when the first echo has come back; rejects when that cannot happen. */
  ready: Promise<void>;
  /** Resolves when it is closed, by whomever. */
  closed: Promise<LiveReport>;
  /** How it stands now. */
  report(): LiveReport;
  /** Ends it from this side, without waiting for the other. */
  end(): void;
}

const openWithinMs = 10_000;

/** Opens a WebSocket to `live` below a service's address and sends something to be echoed every `everyMs`. */
export function openLiveSocket(url: string, everyMs = 200): LiveSocket {
  const address = new URL("live", url);
  address.protocol = "ws:";
  const socket = new WebSocket(address, { handshakeTimeout: openWithinMs });
  const report: LiveReport = {
    openedAt: null,
    echoes: 0,
    lastEchoAt: null,
    longestSilence: 0,
    closedAt: null,
    code: null,
    reason: "",
  };
  let pinging: NodeJS.Timeout;
  socket.on("open", () => {
    report.openedAt = Date.now();
    const ping = () => socket.readyState === WebSocket.OPEN && socket.send(`ping ${Date.now()}`);
    pinging = setInterval(ping, everyMs);
    ping();
  });

  const closed = new Promise<LiveReport>((resolve) => {
    socket.on("close", (code, reason) => {
      clearInterval(pinging);
      Object.assign(report, { closedAt: Date.now(), code, reason: reason.toString() });
      resolve({ ...report });
    });
  });
  const ready = new Promise<void>((resolve, reject) => {
    socket.on("message", (data) => {
      if (data.toString().startsWith("ping ")) {
        echoed(report);
        resolve();
      }
    });
    socket.on("error", reject);
    closed.then(({ code }) => reject(new Error(`the WebSocket was closed with ${code} before it worked`)));
  });
  ready.catch(() => {});
  return { ready, closed, report: () => ({ ...report }), end: () => socket.terminate() };
}

function echoed(report: LiveReport): void {
  const now = Date.now();
  report.longestSilence = Math.max(
    report.longestSilence,
    now - (report.lastEchoAt ?? report.openedAt ?? now),
  );
  report.lastEchoAt = now;
  report.echoes += 1;
}
