import type { RegistryCredential } from "../../operations/driver.js";
import { ask, RegistryAway, type Reply } from "./registry-http.js";

/** What a registry wants, of what can be given. */
export type Challenge =
  | { scheme: "basic" }
  | { scheme: "bearer"; realm: string; service: string | null; scopes: string[] };

export interface Applicant {
  registry: URL;
  /** The image's path in its registry. */
  path: string;
  credential: RegistryCredential | null;
  signal: AbortSignal;
}

/** What opens a registry: a header's value; or who does not open it, and how that was said. */
export type Access = { authorization: string } | { refusedBy: Reply };

/** Of all challenges in `WWW-Authenticate` the one to answer; null: none that could be. */
export function challengeIn(header: string | null): Challenge | null {
  const found = challenges(header ?? "");
  const bearer = found.find(({ scheme, fields }) => scheme === "bearer" && fields.has("realm"));
  if (bearer) {
    const { fields } = bearer;
    const scopes = (fields.get("scope") ?? "").split(" ").filter(Boolean);
    return { scheme: "bearer", realm: fields.get("realm")!, service: fields.get("service") ?? null, scopes };
  }
  return found.some(({ scheme }) => scheme === "basic") ? { scheme: "basic" } : null;
}

/**
 * Answers what a registry said to a request without authorization. A credential is sent to no other than the registry
 * and the token server that it names itself.
 * @throws RegistryAway when there is no telling
 */
export async function accessAfter(reply: Reply, applicant: Applicant): Promise<Access> {
  const { registry, credential } = applicant;
  if (reply.from.origin !== registry.origin) {
    throw new RegistryAway(`${reply.from.host}, where ${registry.host} points at, wants a credential`, false);
  }
  const challenge = challengeIn(reply.headers.get("www-authenticate"));
  if (challenge?.scheme === "bearer") {
    return token(challenge, applicant);
  }
  return challenge && credential ? { authorization: basic(credential) } : { refusedBy: reply };
}

interface Scheme {
  scheme: string;
  fields: Map<string, string>;
}

/** Several may stand in one header: a word with `=` is a field of the last word without. */
function challenges(header: string): Scheme[] {
  const found: Scheme[] = [];
  const part = /([\w-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,]*))|([\w-]+)/g;
  for (const [, name, quoted, plain = "", scheme] of header.matchAll(part)) {
    if (scheme !== undefined) {
      found.push({ scheme: scheme.toLowerCase(), fields: new Map() });
    } else {
      const value = quoted === undefined ? plain : quoted.replace(/\\(.)/g, "$1");
      found.at(-1)?.fields.set(name!.toLowerCase(), value);
    }
  }
  return found;
}

async function token(challenge: Challenge & { scheme: "bearer" }, applicant: Applicant): Promise<Access> {
  const { registry, credential, signal } = applicant;
  const reply = await ask({
    method: "GET",
    url: tokenUrl(challenge, applicant),
    accept: "application/json",
    authorization: credential && basic(credential),
    registry,
    signal,
  });
  if (reply.status === 401 || reply.status === 403) {
    return { refusedBy: reply };
  }
  const found = reply.status === 200 ? tokenIn(reply.body) : null;
  if (found === null) {
    throw new RegistryAway(`${reply.from.host} answers ${reply.status} and gives no token`, false);
  }
  return { authorization: `Bearer ${found}` };
}

function tokenUrl({ realm, service, scopes }: Challenge & { scheme: "bearer" }, applicant: Applicant): URL {
  if (!URL.canParse(realm)) {
    throw new RegistryAway(`${applicant.registry.host} names no address to get a token at`, false);
  }
  const url = new URL(realm);
  if (service !== null) {
    url.searchParams.append("service", service);
  }
  for (const scope of scopes.length > 0 ? scopes : [`repository:${applicant.path}:pull`]) {
    url.searchParams.append("scope", scope);
  }
  if (applicant.credential) {
    url.searchParams.append("account", applicant.credential.username);
  }
  return url;
}

/** Servers made for OAuth 2 call it `access_token`. */
function tokenIn(body: Buffer): string | null {
  try {
    const { token, access_token } = JSON.parse(body.toString()) as Record<string, unknown>;
    const found = token || access_token;
    return typeof found === "string" && /^[\x21-\x7e]+$/.test(found) ? found : null;
  } catch {
    return null;
  }
}

function basic({ username, password }: RegistryCredential): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
}
