/** Who receives a subscription's payloads; a transport implements it. No method may throw. */
export interface Subscriber {
  /** Sends one payload an event, in order. */
  deliver(payloads: readonly string[]): void;
  /** Bytes handed over that the peer has not taken yet. */
  bufferedBytes(): number;
  /** Settles when the peer has taken nearly all of it, or has gone. Never rejects. */
  drained(): Promise<void>;
  /** Nothing follows: the last event was delivered. */
  complete(): void;
  /** Nothing follows: the rest cannot be delivered. */
  fail(error: unknown): void;
}
