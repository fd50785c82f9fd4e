import { UserInputError } from "../errors.js";
import type { Driver, DriverKind } from "../operations/driver.js";
import { fingerprintOf } from "./fingerprint.js";
import type { RecipeSpec } from "./recipe-spec.js";
import { type Ingredients, render } from "./render.js";
import type { RenderedSpec } from "./rendered-spec.js";

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

/** What really would run: rendered, then projected to what the driver applies, and its fingerprint. */
export interface Desired {
  spec: RenderedSpec;
  fingerprint: string;
}

/** @throws UserInputErrors as `render` */
export function renderFor(
  driver: Pick<Driver, "project">,
  spec: RecipeSpec,
  ingredients: Ingredients,
): Desired {
  const projected = driver.project(render(spec, ingredients)).spec;
  return { spec: projected, fingerprint: fingerprintOf(projected) };
}
