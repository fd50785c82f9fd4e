import type { Subscription } from "../events/subscription.js";

const done: IteratorResult<never> = { done: true, value: undefined };

/**
 * What graphql-ws iterates over while the hub writes the frames: yields nothing, ends with the feed.
 * Delivery begins with the first `next`, when graphql-ws has accepted the subscription.
 */
export class FeedIterator implements AsyncIterableIterator<never> {
  private subscription: Subscription | null = null;
  private end!: () => void;
  private fail!: (error: unknown) => void;
  private readonly ended: Promise<IteratorResult<never>>;

  constructor(private readonly open: () => Subscription) {
    this.ended = new Promise((resolve, reject) => {
      this.end = () => resolve(done);
      this.fail = reject;
    });
    this.ended.catch(() => {});
  }

  /** For the subscriber: the last event was delivered. */
  readonly completed = (): void => this.end();

  /** For the subscriber: the rest cannot be delivered. */
  readonly failed = (error: unknown): void => this.fail(error);

  next(): Promise<IteratorResult<never>> {
    this.subscription ??= this.open();
    return this.ended;
  }

  async return(): Promise<IteratorResult<never>> {
    this.subscription?.stop();
    this.end();
    return done;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}

/** Maps a stream, and ends at once on `return` even when the stream's next value is far away. */
export class ResponseIterator<Value, Response> implements AsyncIterableIterator<Response> {
  private readonly source: AsyncIterator<Value>;
  private returned = false;
  private endPending: () => void = () => {};

  constructor(
    source: AsyncIterable<Value>,
    private readonly respond: (value: Value) => Promise<Response>,
  ) {
    this.source = source[Symbol.asyncIterator]();
  }

  next(): Promise<IteratorResult<Response>> {
    if (this.returned) {
      return Promise.resolve(done);
    }
    return new Promise((resolve, reject) => {
      this.endPending = () => resolve(done);
      this.nextResponse().then(resolve, reject);
    });
  }

  async return(): Promise<IteratorResult<never>> {
    this.returned = true;
    this.endPending();
    // Its own end may have to wait for something slow, and nobody is interested in how it goes.
    this.source.return?.().catch(() => {});
    return done;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  private async nextResponse(): Promise<IteratorResult<Response>> {
    const next = await this.source.next();
    return next.done ? done : { done: false, value: await this.respond(next.value) };
  }
}
