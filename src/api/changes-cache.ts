import { changesBetween, type FieldChange } from "../domain/changes.js";
import type { RenderedSpec } from "../domain/rendered-spec.js";

/** Remembers the changes between pairs of rendered specs: one bump affects thousands of services alike. */
export class ChangesCache {
  private readonly known = new Map<string, FieldChange[]>();
  constructor(private readonly size = 1_000) {}

  /** Specs are loaded only when the pair is new. */
  async between(
    from: string | null,
    to: string,
    load: (fingerprint: string) => Promise<RenderedSpec | null>,
  ): Promise<FieldChange[]> {
    const key = `${from}:${to}`;
    const known = this.known.get(key);
    if (known) {
      return known;
    }
    const [before, after] = await Promise.all([from === null ? null : load(from), load(to)]);
    const changes = changesBetween(before, after!);
    if (this.known.size >= this.size) {
      this.known.delete(this.known.keys().next().value!);
    }
    this.known.set(key, changes);
    return changes;
  }
}
