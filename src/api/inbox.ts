/** What one operation of a socket needs beyond graphql-ws: a signal of its end. */
interface Running {
  abort: AbortController;
  /** Messages about the same id, kept back until the operation before has really ended. */
  waiting: string[];
}

export interface InboxOptions {
  /** graphql-ws's handler; its promise settles when what the message began has ended. */
  handle: (text: string) => Promise<void>;
  close: (code: number, reason: string) => void;
  onError: (error: unknown) => void;
}

const longestId = 256;
const mostWaiting = 16;

/**
 * Hands messages to graphql-ws so that an id may be used again as soon as the client has completed it:
 * graphql-ws forgets a completed id at once but cleans up later, under whatever bears the id by then.
 */
export class Inbox {
  private readonly running = new Map<string, Running>();
  private closed = false;

  constructor(private readonly options: InboxOptions) {}

  /** Aborted when the operation of this id ends, for whichever reason. */
  signal(id: string): AbortSignal {
    return this.running.get(id)?.abort.signal ?? AbortSignal.abort();
  }

  /** Ends the operations and takes no more messages: the socket is closing. */
  close(): void {
    this.closed = true;
    for (const { abort } of this.running.values()) {
      abort.abort();
    }
  }

  receive(text: string): void {
    if (this.closed) {
      return;
    }
    const { type, id } = peek(text);
    if (id === null || (type !== "subscribe" && type !== "complete")) {
      void this.pass(text);
      return;
    }
    if (id.length > longestId) {
      this.options.close(4400, "Invalid message received");
      return;
    }
    const before = this.running.get(id);
    const reused = type === "subscribe" && before?.abort.signal.aborted === true;
    if (before && (reused || before.waiting.length > 0)) {
      this.keep(before, text);
    } else if (type === "complete") {
      before?.abort.abort();
      void this.pass(text);
    } else if (before) {
      void this.pass(text);
    } else {
      void this.begin(id, text);
    }
  }

  private keep(before: Running, text: string): void {
    if (before.waiting.length >= mostWaiting) {
      this.options.close(4409, "Too many messages for one id");
    } else {
      before.waiting.push(text);
    }
  }

  private async begin(id: string, text: string): Promise<void> {
    const running: Running = { abort: new AbortController(), waiting: [] };
    this.running.set(id, running);
    await this.pass(text);
    running.abort.abort();
    this.running.delete(id);
    for (const kept of running.waiting) {
      this.receive(kept);
    }
  }

  private async pass(text: string): Promise<void> {
    try {
      await this.options.handle(text);
    } catch (error) {
      if (error instanceof Error && error.message.startsWith("Unexpected message of type")) {
        this.options.close(4400, "Invalid message received");
      } else {
        this.options.onError(error);
        this.options.close(4500, "Internal server error");
      }
    }
  }
}

/** Type and id of a message; what is malformed is left to graphql-ws to refuse. */
function peek(text: string): { type: string | null; id: string | null } {
  try {
    const message = JSON.parse(text);
    const { type, id } = Object(message);
    return { type: typeof type === "string" ? type : null, id: typeof id === "string" ? id : null };
  } catch {
    return { type: null, id: null };
  }
}
