interface Rendered {
  cursor: bigint;
  text: string;
}

/**
 * What a channel delivered last, kept only while somebody catches up with it, so that under steady writing
 * the two meet: whoever comes as close as this gets the rest from here.
 */
export class Recent {
  private entries: Rendered[] = [];
  private length = 0;
  private from: bigint | null = null;

  constructor(private readonly most: { events: number; characters: number }) {}

  /** Remembers what was delivered, which begins directly behind `from`. */
  add(from: bigint, events: readonly { cursor: bigint }[], payloads: readonly (string | null)[]): void {
    this.from ??= from;
    payloads.forEach((text, i) => {
      if (text !== null) {
        this.entries.push({ cursor: events[i]!.cursor, text });
        this.length += text.length;
      }
    });
    this.forgetOldest();
  }

  clear(): void {
    this.entries = [];
    this.length = 0;
    this.from = null;
  }

  /** All that was delivered behind a position, or null when it is not known any more. */
  after(position: bigint): string[] | null {
    if (this.from === null || position < this.from) {
      return null;
    }
    return this.entries.filter((entry) => entry.cursor > position).map((entry) => entry.text);
  }

  private forgetOldest(): void {
    let drop = 0;
    while (
      this.entries.length - drop > this.most.events ||
      (this.length > this.most.characters && drop < this.entries.length)
    ) {
      this.length -= this.entries[drop]!.text.length;
      this.from = this.entries[drop]!.cursor;
      drop++;
    }
    this.entries.splice(0, drop);
  }
}
