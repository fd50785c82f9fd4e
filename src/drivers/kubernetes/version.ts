import type { Features } from "./manifest.js";

/** What an API server says of itself. */
export interface Version {
  /** e.g. `v1.31.2+k3s1` */
  gitVersion: string;
  major?: string;
  minor?: string;
}

/** What every cluster can do. */
export const noFeatures: Features = { daemonSurge: false };

/** What a cluster of that version can do; of one that does not tell its version, the least. */
export function featuresOf(version: Version): Features {
  return { daemonSurge: isAtLeast(version, 22) };
}

/** e.g. `1.20`: providers add a plus or more to either number. */
export function shortVersion({ gitVersion, major, minor }: Version): string {
  const given = [major, minor].map((part) => /^\d+/.exec(part ?? "")?.[0]);
  return given.every((part) => part !== undefined) ? given.join(".") : gitVersion.replace(/^v/, "");
}

function isAtLeast(version: Version, minor: number): boolean {
  const [, first, second] = /^(\d+)\.(\d+)/.exec(shortVersion(version)) ?? [];
  return first === "1" && Number(second) >= minor;
}
