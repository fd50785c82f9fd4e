import { UserInputError } from "../errors.js";
import type { Driver, DriverKind } from "../operations/driver.js";
import type { RecipeSpec } from "./recipe-spec.js";
import { renderBase, type Surroundings } from "./render.js";
import type { RenderedBase } from "./rendered-spec.js";

/** The drivers this server has, by kind. */
export type Drivers = ReadonlyMap<DriverKind, Driver>;

/** @throws UserInputError DRIVER_UNAVAILABLE */
export function driverFor(drivers: Drivers, kind: DriverKind): Driver {
  const driver = drivers.get(kind);
  if (!driver) {
    const message = `This server has no ${kind} driver; it has ${[...drivers.keys()].join(", ")}.`;
    throw new UserInputError("DRIVER_UNAVAILABLE", message, ["driver"]);
  }
  return driver;
}

/**
 * Rendered, then projected to what the driver really applies, but for inputs and values.
 * @throws UserInputErrors as `renderBase`
 */
export function renderFor(
  driver: Pick<Driver, "project">,
  spec: RecipeSpec,
  surroundings: Surroundings,
): RenderedBase {
  return projectBase(driver, renderBase(spec, surroundings));
}

/** Variables and files apply everywhere, so projecting needs none of their values. */
export function projectBase(driver: Pick<Driver, "project">, base: RenderedBase): RenderedBase {
  const { env, files, inputs, values, ...rest } = base;
  return {
    ...driver.project({ ...rest, env: [], files: [] }).spec,
    env,
    files,
    inputs,
    values: values ?? [],
  };
}
