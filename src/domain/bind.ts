import { UserInputError, UserInputErrors } from "../errors.js";
import type { NamedValue } from "./environment.js";
import type { AwaitedInput, BasePart, RenderedBase, RenderedSpec, Text } from "./rendered-spec.js";
import type { InputValue } from "./service.js";
import { joinText } from "./template.js";

/** What services that share a base differ in. */
export interface Given {
  inputs: readonly InputValue[];
  /** The environment's values. */
  values: readonly NamedValue[];
}

/**
 * Puts inputs and values into a base. Variables of optional inputs that nobody gave are left out, in files they are
 * empty; a required one without a value becomes a `missing` part; what the recipe does not ask for (any more) is
 * passed over.
 */
export function bind(base: RenderedBase, given: Given): RenderedSpec {
  const { inputs: awaited, values: _used, ...rest } = bindValues(base, given.values);
  const values = inputValues(awaited, given.inputs);
  return {
    ...rest,
    env: rest.env.flatMap((variable) => bindVariable(variable, values)),
    files: rest.files.map((file) => ({ ...file, content: bindText(file.content, values) })),
  };
}

/** Puts an environment's values into a base that many services share. One that is gone is a `missing` part. */
export function bindValues(base: RenderedBase, values: readonly NamedValue[]): RenderedBase {
  if (!base.values?.length) {
    return base;
  }
  const known = new Map(values.map(({ name, value }) => [name, value]));
  const bound = (parts: readonly BasePart[]): BasePart[] =>
    joinText(
      parts.map((part) =>
        typeof part === "object" && "value" in part
          ? (known.get(part.value) ?? { missing: `REBAKE_VALUE_${part.value}` })
          : part,
      ),
    );
  return {
    ...base,
    values: [],
    env: base.env.map((item) => ({ ...item, value: bound(item.value) })),
    files: base.files.map((item) => ({ ...item, content: bound(item.content) })),
  };
}

/** The value of each awaited input: given, by default, missing, or null for an optional one that nobody gave. */
export function inputValues(
  awaited: readonly AwaitedInput[],
  inputs: readonly InputValue[],
): Map<string, Text | null> {
  const given = new Map(inputs.map((input) => [input.name, textOf(input)]));
  return new Map(awaited.map((input) => [input.name, given.get(input.name) ?? withoutValue(input)]));
}

function withoutValue(input: AwaitedInput): Text | null {
  if (input.default !== null) {
    return joinText([input.default]);
  }
  return input.required ? [{ missing: input.name }] : null;
}

/** A base's variable with the inputs put in: one, or none when it is an input without a value. */
export function bindVariable(
  { name, value }: RenderedBase["env"][number],
  values: ReadonlyMap<string, Text | null>,
): RenderedSpec["env"] {
  const [part] = value;
  const absent = value.length === 1 && isInput(part!) && values.get(part.input) === null;
  return absent ? [] : [{ name, value: bindText(value, values) }];
}

/** A text with the inputs put in. The environment's values have been put in before. */
export function bindText(parts: readonly BasePart[], values: ReadonlyMap<string, Text | null>): Text {
  return joinText(
    parts.flatMap((part): Text => {
      if (isInput(part)) {
        return values.get(part.input) ?? [];
      }
      return typeof part === "object" && "value" in part ? [{ missing: part.value }] : [part];
    }),
  );
}

export function isInput(part: BasePart): part is { input: string } {
  return typeof part === "object" && "input" in part;
}

/**
 * Makes sure that a service with these inputs can run.
 * @throws UserInputErrors MISSING_INPUT, one for each variable
 */
export function assertComplete({ inputs: awaited }: RenderedBase, inputs: readonly InputValue[]): void {
  const problems = missingOf(awaited, inputs).map(missingInput);
  if (problems.length > 0) {
    throw new UserInputErrors(problems);
  }
}

/** The required inputs that have neither a value nor a default. */
export function missingOf(awaited: readonly AwaitedInput[], inputs: readonly InputValue[]): AwaitedInput[] {
  const given = new Set(inputs.map((input) => input.name));
  return awaited.filter((input) => input.required && input.default === null && !given.has(input.name));
}

function missingInput({ name, label }: AwaitedInput): UserInputError {
  const message = `${name} needs a value${label ? ` (${label})` : ""}: give it as an input, or let the recipe have a default for it.`;
  return new UserInputError("MISSING_INPUT", message, ["inputs", name]);
}

function textOf(input: InputValue): Text {
  return "secret" in input ? [{ secret: input.secret }] : joinText([input.value]);
}
