import type { RenderedSpec, Text } from "../../domain/rendered-spec.js";
import type { Target } from "../../operations/driver.js";
import { shortHash } from "./hash.js";

/** Deployer, as it is put into containers. */
export interface Programs {
  deployer: string;
  /** What is different for each installation, so that no app can guess the marker of reports. */
  installation: string;
}

/** Where the deployer lies in a container, and where it keeps what it fetched and installed. */
export const deployerPath = "/rebake/deployer.mjs";
export const cachePath = "/rebake/cache";
/** Where the deployer says how its app is: a look at it costs next to nothing, however often the engine takes one. */
export const healthFile = "/tmp/rebake-health";
/** Of a shell; it says what is wrong when it fails. */
export const readHealth = `read -r said < ${healthFile} 2>/dev/null; [ "$said" = ok ] || { echo "\${said:-the app was not started yet}"; exit 1; }`;
/** While it is fetched from and cloned into, at most: who sends requests here learns within this that it goes. */
const longestHold = 5;

/** Part of the marker that reports of an operation's replicas begin with. */
export function nonceOf(installation: string, operationId: string): string {
  return shortHash(`${installation} ${operationId}`, 24);
}

/** For how long an app serves on after it was told to end, in seconds. */
export function holdSecondsOf({ spec }: Pick<Target, "spec">): number {
  return Math.min(spec.rollout.drain, longestHold);
}

/** Tells texts apart without their secrets: by the versions of these. */
export function keyOfText(text: Text, facts: Readonly<Record<string, string>>): string {
  return JSON.stringify(
    text.map((part) => (typeof part === "object" && "computed" in part ? [facts[part.computed]] : part)),
  );
}

/** The port of that name, or else the main one; undefined: there is none. */
export function portOf(ports: RenderedSpec["ports"], name: string | null): number | undefined {
  return ports.find((port) => (name === null ? port.protocol === "TCP" : port.name === name))?.target;
}
