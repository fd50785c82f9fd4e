import { bind, isInput } from "../domain/bind.js";
import { changesBetween, type FieldChange } from "../domain/changes.js";
import type { RenderedBase } from "../domain/rendered-spec.js";
import { partsOf, type SpecId, type StoredSpec } from "../domain/spec-store.js";

type Load = (id: SpecId) => Promise<StoredSpec>;

/** Remembers the changes between pairs of rendered specs: one bump affects thousands of services alike. */
export class ChangesCache {
  /** By both bases and values: null when the changes depend on the inputs. */
  private readonly ofBases = new Bounded<FieldChange[] | null>();
  private readonly ofSpecs = new Bounded<FieldChange[]>();

  /** Specs are loaded only when the pair is new. */
  async between(from: SpecId | null, to: SpecId, load: Load): Promise<FieldChange[]> {
    if (from !== null && partsOf(from).inputs === partsOf(to).inputs) {
      const key = `${sharedPart(from)}:${sharedPart(to)}`;
      const shared = await this.ofBases.get(key, async () => sharedChanges(await load(from), await load(to)));
      if (shared) {
        return shared;
      }
    }
    return this.ofSpecs.get(`${from}:${to}`, async () => {
      const [before, after] = [from === null ? null : bound(await load(from)), bound(await load(to))];
      return changesBetween(before, after);
    });
  }
}

/** What many services have in common: base and values of the environment. */
function sharedPart(id: SpecId): string {
  const { base, values } = partsOf(id);
  return `${base}.${values}`;
}

const bound = (stored: StoredSpec) => bind(stored.base, stored);

/** The changes for whatever inputs, provided that they are the same on both sides; null when there is no such thing. */
function sharedChanges(from: StoredSpec, to: StoredSpec): FieldChange[] | null {
  const changes = changesBetween(bound(from), bound(to));
  const depends = changes.some(
    ({ path: [field, name] }) => needsInput(from.base, field, name) || needsInput(to.base, field, name),
  );
  return depends ? null : changes;
}

function needsInput(base: RenderedBase, field: string | undefined, name: string | undefined): boolean {
  if (field === "env") {
    return base.env.some((item) => item.name === name && item.value.some(isInput));
  }
  return field === "files" && base.files.some((item) => item.path === name && item.content.some(isInput));
}

/** A map that forgets its oldest entries. */
class Bounded<T> {
  private readonly known = new Map<string, T>();

  async get(key: string, make: () => Promise<T>): Promise<T> {
    const known = this.known.get(key);
    if (known !== undefined) {
      return known;
    }
    const made = await make();
    if (this.known.size >= 1_000) {
      this.known.delete(this.known.keys().next().value!);
    }
    this.known.set(key, made);
    return made;
  }
}
