import type { Server } from "graphql-ws";
import type { Subscriber } from "../events/subscriber.js";
import type { Subscription } from "../events/subscription.js";
import type { Feed } from "./feed.js";
import { nextFrames } from "./frames.js";
import { Inbox } from "./inbox.js";
import { FeedIterator } from "./iterators.js";
import type { CorkedSocket } from "./socket.js";
import type { OpenFeed, Subscriptions } from "./subscriptions.js";
import type { Caller } from "./websocket-options.js";

export type FeedRequest<Scope> = Omit<OpenFeed<Scope>, "subscriber"> & { feed: Feed };

export interface Token<Actor, Scope> {
  text: string;
  caller: Caller<Actor, Scope>;
}

/** One client: its socket, its token and what it has subscribed to. */
export class Connection<Actor, Scope> {
  /** Set once `connection_init` was accepted. */
  token: Token<Actor, Scope> | null = null;
  readonly inbox: Inbox;
  private readonly feeds = new Set<Subscription>();
  private pingedAt = Date.now();
  private answered = true;

  constructor(
    readonly socket: CorkedSocket,
    server: Server<Connection<Actor, Scope>>,
    onError: (error: unknown) => void,
  ) {
    let handle: (text: string) => Promise<void> = async () => {};
    const close = (code = 1000, reason = "") => this.close(code, reason);
    this.inbox = new Inbox({ handle: (text) => handle(text), close, onError });
    const { ws } = socket;
    ws.on("error", onError);
    ws.on("pong", this.heard);
    const closed = server.opened(
      {
        protocol: ws.protocol,
        send: (text) => socket.send(text),
        close,
        onMessage: (callback) => {
          handle = callback;
        },
      },
      this,
    );
    ws.on("message", (data) => {
      this.heard();
      this.inbox.receive(String(data));
    });
    ws.once("close", (code, reason) => {
      this.release();
      closed(code, String(reason)).catch(onError);
    });
  }

  close(code: number, reason: string): void {
    // The feeds first: nothing may be written behind the closing frame.
    this.release();
    this.socket.close(code, reason);
  }

  /** What graphql-ws iterates over; the frames of the feed are written here, not by graphql-ws. */
  feed(id: string, request: FeedRequest<Scope>, subscriptions: Subscriptions<Scope>): FeedIterator {
    const open = () => {
      const subscription = subscriptions.open({ ...request, subscriber: this.subscriber(id, iterator) });
      if (!subscription.ended) {
        this.feeds.add(subscription);
        this.inbox.signal(id).addEventListener("abort", () => this.feeds.delete(subscription));
      }
      return subscription;
    };
    const iterator = new FeedIterator(open);
    return iterator;
  }

  /** Once in a while: ends what is dead, too slow or not allowed any more. */
  check(now: number, limits: { pingInterval: number; stallTimeout: number }): void {
    if (this.token?.caller.expiresAt && this.token.caller.expiresAt.getTime() <= now) {
      this.close(4403, "The token has expired");
    } else if (this.socket.stalledFor(now) >= limits.stallTimeout) {
      this.closeStalled();
    } else if (now - this.pingedAt >= limits.pingInterval) {
      this.ping(now);
    }
  }

  /** A ping behind a full buffer cannot be answered: such a socket is judged by whether it makes progress. */
  private ping(now: number): void {
    if (!this.answered && this.socket.bufferedBytes() === 0) {
      this.socket.ws.terminate();
    } else if (this.socket.open && this.socket.bufferedBytes() === 0) {
      this.pingedAt = now;
      this.answered = false;
      this.socket.ws.ping();
    }
  }

  private closeStalled(): void {
    const positions = [...this.feeds].map((feed) => feed.position);
    const oldest = positions.reduce<bigint | null>((a, b) => (a === null || b < a ? b : a), null);
    this.close(1013, oldest === null ? "too slow" : `resume after ${oldest}`);
  }

  private readonly heard = (): void => {
    this.answered = true;
  };

  private subscriber(id: string, iterator: FeedIterator): Subscriber {
    const prefix = Buffer.from(`{"id":${JSON.stringify(id)},"type":"next","payload":`);
    return {
      deliver: (payloads) => this.socket.write(nextFrames(prefix, payloads)),
      bufferedBytes: () => this.socket.bufferedBytes(),
      drained: () => this.socket.drained(),
      complete: iterator.completed,
      fail: iterator.failed,
    };
  }

  private release(): void {
    for (const feed of this.feeds) {
      feed.stop();
    }
    this.inbox.close();
  }
}
