/** The most that is read of an answer, in bytes: what the OCI asks registries to take for a manifest. */
const mostBytes = 4 * 1024 * 1024;
const mostRedirects = 5;
const redirects = [301, 302, 303, 307, 308];

/** A registry, or its token server, cannot be reached, or what it says is no answer. Holds nothing that was sent. */
export class RegistryAway extends Error {
  override readonly name = "RegistryAway";
  constructor(
    message: string,
    /** Whether to ask again soon is to wait again. */
    readonly costsTime: boolean,
  ) {
    super(message);
  }
}

export interface Question {
  method: "GET" | "HEAD";
  url: URL;
  accept: string;
  /** A header's value; null: none. It goes to the origin of `url` and to no other. */
  authorization: string | null;
  /** That of the image; decides what else may be asked. */
  registry: URL;
  signal: AbortSignal;
}

export interface Reply {
  status: number;
  headers: Headers;
  body: Buffer;
  /** Who answered: who was asked, or whom that pointed at. */
  from: URL;
}

/** The address that a registry is spoken to at: plain HTTP on loopback, as Docker does; null when it is none. */
export function registryAddress(registry: string): URL | null {
  if (!/^(\[[0-9a-f:.]+\]|[a-z0-9.-]+)(:\d{1,5})?$/.test(registry)) {
    return null;
  }
  const host = registry === "docker.io" ? "registry-1.docker.io" : registry;
  const secure = `https://${host}`;
  if (!URL.canParse(secure)) {
    return null;
  }
  return isLoopback(new URL(secure)) ? new URL(`http://${host}`) : new URL(secure);
}

/**
 * Whether `registry` may have this server ask at `url`: over an open line only what is on loopback, and only when the
 * registry itself is. Else one far away could have it ask what listens on this host alone.
 */
export function mayAsk(url: URL, registry: URL): boolean {
  const isOpen = url.protocol === "http:" && isLoopback(url) && isLoopback(registry);
  return (url.protocol === "https:" || isOpen) && !url.username && !url.password;
}

/**
 * Asks, and goes where it is pointed at.
 * @throws RegistryAway; the signal's reason or an AbortError when it aborts
 */
export async function ask(question: Question): Promise<Reply> {
  let { url, authorization } = question;
  for (let hops = 0; hops <= mostRedirects; hops++) {
    if (!mayAsk(url, question.registry)) {
      throw new RegistryAway(`${question.registry.host} points at ${url.origin}, which is not safe`, false);
    }
    const response = await send({ ...question, url, authorization });
    const next = redirectOf(response, url);
    if (!next) {
      const body = await read(response, url, question.signal);
      return { status: response.status, headers: response.headers, body, from: url };
    }
    await response.body?.cancel();
    // For good: not even when it is pointed back.
    authorization = next.origin === url.origin ? authorization : null;
    url = next;
  }
  throw new RegistryAway(`${question.url.host} points elsewhere more than ${mostRedirects} times`, false);
}

function isLoopback({ hostname }: URL): boolean {
  return hostname === "localhost" || hostname === "[::1]" || /^127(\.\d{1,3}){3}$/.test(hostname);
}

async function send({ method, url, accept, authorization, signal }: Question): Promise<Response> {
  const headers = { accept, ...(authorization && { authorization }) };
  try {
    return await fetch(url, { method, headers, redirect: "manual", signal });
  } catch (error) {
    throw awayUnlessAborted(error, url, signal);
  }
}

function redirectOf(response: Response, from: URL): URL | null {
  const location = redirects.includes(response.status) ? response.headers.get("location") : null;
  return location !== null && URL.canParse(location, from.href) ? new URL(location, from) : null;
}

async function read(response: Response, url: URL, signal: AbortSignal): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const chunk of response.body ?? []) {
      size += chunk.byteLength;
      if (size > mostBytes) {
        break;
      }
      chunks.push(chunk);
    }
  } catch (error) {
    throw awayUnlessAborted(error, url, signal);
  }
  if (size > mostBytes) {
    throw new RegistryAway(`${url.host} answers with more than ${mostBytes} bytes`, false);
  }
  return Buffer.concat(chunks);
}

function awayUnlessAborted(error: unknown, url: URL, signal: AbortSignal): unknown {
  if (signal.aborted) {
    return signal.reason;
  }
  const code = ((error as Error).cause as { code?: unknown } | undefined)?.code;
  return new RegistryAway(
    `${url.host} cannot be reached (${typeof code === "string" ? code : "cut off"})`,
    true,
  );
}
