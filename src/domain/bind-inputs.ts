import { UserInputError, UserInputErrors } from "../errors.js";
import type { AwaitedInput, BasePart, RenderedBase, RenderedSpec, Text } from "./rendered-spec.js";
import type { InputValue } from "./service.js";
import { joinText } from "./template.js";

/**
 * Puts a service's inputs into a base. Variables of optional inputs that nobody gave are left out, in files they
 * are empty; inputs the recipe does not ask for (any more) are passed over.
 * @throws UserInputErrors MISSING_INPUT, one for each variable
 */
export function bindInputs(base: RenderedBase, inputs: readonly InputValue[]): RenderedSpec {
  const { inputs: awaited, ...rest } = base;
  const values = inputValues(awaited, inputs);
  return {
    ...rest,
    env: base.env.flatMap((variable) => bindVariable(variable, values)),
    files: base.files.map((file) => ({ ...file, content: bindText(file.content, values) })),
  };
}

/** The value of each awaited input: given, by default, or null. */
export function inputValues(
  awaited: readonly AwaitedInput[],
  inputs: readonly InputValue[],
): Map<string, Text | null> {
  const given = new Map(inputs.map((input) => [input.name, textOf(input)]));
  const values = new Map(
    awaited.map((input) => [
      input.name,
      given.get(input.name) ?? (input.default === null ? null : joinText([input.default])),
    ]),
  );
  const missing = awaited.filter((input) => input.required && values.get(input.name) === null);
  if (missing.length > 0) {
    throw new UserInputErrors(missing.map(missingInput));
  }
  return values;
}

function missingInput({ name, label }: AwaitedInput): UserInputError {
  const message = `${name} needs a value${label ? ` (${label})` : ""}: give it as an input, or let the recipe have a default for it.`;
  return new UserInputError("MISSING_INPUT", message, ["inputs", name]);
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

export function bindText(parts: readonly BasePart[], values: ReadonlyMap<string, Text | null>): Text {
  return joinText(parts.flatMap((part) => (isInput(part) ? (values.get(part.input) ?? []) : [part])));
}

export function isInput(part: BasePart): part is { input: string } {
  return typeof part === "object" && "input" in part;
}

function textOf(input: InputValue): Text {
  return "secret" in input ? [{ secret: input.secret }] : joinText([input.value]);
}
