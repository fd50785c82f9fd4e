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
  return repositoryOf(image).registry;
}

/** Where an image is: its registry, as `registryOf`, and its path there, with what Docker Hub's images may leave out. */
export function repositoryOf(image: Image): { registry: string; path: string } {
  const [first, ...rest] = imageReference(image).slice(0, -`:${image.tag}`.length).split("/") as [
    string,
    ...string[],
  ];
  const isServer =
    rest.length > 0 && (/[.:]/.test(first) || first !== first.toLowerCase() || first === "localhost");
  const registry = isServer ? sameRegistry(first) : "docker.io";
  const path = isServer ? rest : [first, ...rest];
  const isOfficial = registry === "docker.io" && path.length === 1;
  return { registry, path: [...(isOfficial ? ["library"] : []), ...path].join("/") };
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
