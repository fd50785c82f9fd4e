import { createHash } from "node:crypto";
import type { RegistryCredential } from "../../operations/driver.js";
import { ask, type Question, RegistryAway, type Reply, registryAddress } from "./registry-http.js";
import { type Applicant, accessAfter } from "./registry-token.js";

/** The registry answered, and said no. */
export class RegistryRefusal extends Error {
  override readonly name = "RegistryRefusal";
  constructor(
    /** `MALFORMED`: no registry was asked, since none can have an image of that name. */
    readonly reason: "NOT_FOUND" | "REFUSED" | "MALFORMED",
    /** Who said what. None of the registry's free text: it might repeat what it was sent. */
    message: string,
  ) {
    super(message);
  }
}

export interface Tagged {
  /** As `registryOf` has it. */
  registry: string;
  path: string;
  tag: string;
}

/** All that a tag can point at; what is not named may be answered by what the registry makes of it for old clients. */
const mediaTypes = [
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.v2+json",
];

/** What the OCI calls its errors, of those that tell something here. */
const errorCodes = ["DENIED", "MANIFEST_UNKNOWN", "NAME_INVALID", "NAME_UNKNOWN", "UNAUTHORIZED"];

/** A path by the OCI's grammar; no other can be part of an address as it is. */
const pathPattern = /^[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(\/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*$/;

/**
 * Asks an image's registry for the digest that its tag points at now, by the OCI's distribution specification.
 * @throws RegistryRefusal, RegistryAway; the signal's reason when it aborts
 */
export async function digestOf(
  image: Tagged,
  credential: RegistryCredential | null,
  signal: AbortSignal,
): Promise<string> {
  const { path, tag } = image;
  const registry = registryAddress(image.registry);
  if (!registry || !pathPattern.test(path)) {
    throw new RegistryRefusal("MALFORMED", "no registry can have one of that name");
  }
  const url = new URL(`/v2/${path}/manifests/${tag}`, registry);
  const talk = new Talk(url, { registry, path, credential, signal });
  const head = await talk.ask("HEAD");
  const digest = head.status === 200 ? head.headers.get("docker-content-digest") : null;
  if (digest !== null && /^sha256:[0-9a-f]{64}$/.test(digest)) {
    return digest;
  }
  if (head.status === 429 || head.status === 503) {
    throw new RegistryAway(said(head), false);
  }
  // Registries differ most in how they answer HEAD: whatever else it was, GET is the one to believe.
  return digestIn(await talk.ask("GET"));
}

/** Requests for one manifest, with what opened the registry for the first of them. */
class Talk {
  private authorization: string | null = null;

  constructor(
    private readonly url: URL,
    private readonly applicant: Applicant,
  ) {}

  async ask(method: Question["method"]): Promise<Reply> {
    const reply = await this.send(method);
    if (reply.status !== 401 || this.authorization !== null) {
      return reply;
    }
    const access = await accessAfter(reply, this.applicant);
    if ("refusedBy" in access) {
      throw new RegistryRefusal("REFUSED", said(access.refusedBy));
    }
    this.authorization = access.authorization;
    return this.send(method);
  }

  private send(method: Question["method"]): Promise<Reply> {
    const { url, authorization } = this;
    const { registry, signal } = this.applicant;
    return ask({ method, url, accept: mediaTypes.join(", "), authorization, registry, signal });
  }
}

function digestIn(reply: Reply): string {
  if (reply.status === 200 && mediaTypes.includes(mediaTypeOf(reply))) {
    return `sha256:${createHash("sha256").update(reply.body).digest("hex")}`;
  }
  if (reply.status === 401 || reply.status === 403) {
    throw new RegistryRefusal("REFUSED", said(reply));
  }
  if (reply.status === 404) {
    throw new RegistryRefusal("NOT_FOUND", said(reply));
  }
  throw new RegistryAway(said(reply), false);
}

function mediaTypeOf({ headers }: Reply): string {
  return (headers.get("content-type") ?? "").split(";")[0]!.trim().toLowerCase();
}

function said({ status, body, from }: Reply): string {
  const codes = errorsIn(body);
  const code = errorCodes.find((each) => codes.includes(each));
  return `${from.host} answers ${status}${code ? ` ${code}` : ""}`;
}

function errorsIn(body: Buffer): unknown[] {
  try {
    return (JSON.parse(body.toString()) as { errors: { code?: unknown }[] }).errors.map(({ code }) => code);
  } catch {
    return [];
  }
}
