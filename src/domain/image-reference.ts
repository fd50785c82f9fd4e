import type { RecipeSpec } from "./recipe-spec.js";

type Image = Pick<NonNullable<RecipeSpec["image"]>, "prefix" | "name" | "tag">;

/** An image in one line, as a registry knows it, e.g. `ghcr.io/acme/shop:1.4`. */
export function imageReference({ prefix, name, tag }: Image): string {
  return `${prefix ? `${prefix.replace(/\/+$/, "")}/` : ""}${name}:${tag}`;
}

/** What Docker Hub is called elsewhere. */
const dockerHub = ["docker.io", "index.docker.io", "registry-1.docker.io"];

/**
 * The registry an image comes from, by Docker's rule: what stands before the first slash, when it has a dot, a port
 * or a capital letter, or is localhost; else Docker Hub. An engine that takes something for a registry must find it taken
 * for one here, or a credential for Docker Hub would go there.
 */
export function registryOf(image: Image): string {
  const [first, ...rest] = imageReference(image).split("/");
  const isServer =
    rest.length > 0 && (/[.:]/.test(first!) || first !== first!.toLowerCase() || first === "localhost");
  return isServer ? sameRegistry(first!) : "docker.io";
}

/** One name for each registry, to compare by. */
export function sameRegistry(server: string): string {
  const lower = server.toLowerCase();
  return dockerHub.includes(lower) ? "docker.io" : lower;
}

/** The first characters of a pinned image's digest, or of its id on its node, for people; null: it has none. */
export function shortDigest(pinned: string): string | null {
  return /(?:^|@)(sha256:[0-9a-f]{12})/.exec(pinned)?.[1] ?? null;
}
