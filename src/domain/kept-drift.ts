import type { Target } from "../operations/driver.js";
import type { FieldChange } from "./changes.js";
import type { Text } from "./rendered-spec.js";
import { storable } from "./storable.js";

/** Every event of an Update repeats its drift: more than this is cut. */
const most = { changes: 100, path: 8, name: 200, text: 1_000 };

/** Shorter secrets are found in texts where nobody has put them. */
const shortestHidden = 4;

/**
 * Changes by hand as they are kept and shown: in one order, so that the same drift is the same whoever sees it, of
 * bounded length, and without secrets, whatever the driver says of them. Null: there is none.
 */
export function keptDrift(
  found: readonly FieldChange[],
  { spec, secrets }: Pick<Target, "spec" | "secrets">,
): FieldChange[] | null {
  const isSecret = secretsIn(spec, [...secrets.values()]);
  const kept = found
    .map((change) => keptChange(change, change.secret || isSecret(change)))
    .sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
  const rest = kept.length - most.changes;
  if (rest <= 0) {
    return kept.length > 0 ? kept : null;
  }
  const more = { path: ["…"], before: null, after: `${rest} more fields`, secret: false };
  return [...kept.slice(0, most.changes), more];
}

function keptChange({ path, before, after }: FieldChange, secret: boolean): FieldChange {
  return {
    path: path.slice(0, most.path).map((name) => cut(name, most.name)),
    before: secret || before === null ? null : cut(before, most.text),
    after: secret || after === null ? null : cut(after, most.text),
    secret,
  };
}

const cut = (text: string, length: number): string =>
  storable(text.length > length ? `${text.slice(0, length - 1)}…` : text);

const keyOf = (change: FieldChange): string =>
  JSON.stringify([change.path, change.before, change.after, change.secret]);

/** Whether a change is of a variable or file with a secret in it, or shows one anywhere else. */
function secretsIn(spec: Target["spec"], plaintexts: readonly string[]): (change: FieldChange) => boolean {
  const holds = (text: Text) => text.some((part) => typeof part === "object" && "secret" in part);
  const places = new Set([
    ...spec.env.filter(({ value }) => holds(value)).map(({ name }) => `env\0${name}`),
    ...spec.files.filter(({ content }) => holds(content)).map(({ path }) => `files\0${path}`),
  ]);
  const hidden = plaintexts.filter((text) => text.length >= shortestHidden);
  const shows = (text: string | null) =>
    text !== null &&
    (plaintexts.some((one) => one !== "" && one === text) || hidden.some((one) => text.includes(one)));
  return ({ path, before, after }) =>
    // Engines write their own names of fields, mostly with a capital.
    places.has(`${path[0]?.toLowerCase()}\0${path[1]}`) || shows(before) || shows(after);
}
