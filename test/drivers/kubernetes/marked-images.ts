import { createHash } from "node:crypto";
import type { EngineTrial } from "../trial.js";
import { registry } from "./lab.js";

interface Login {
  username: string;
  password: string;
}
interface Manifest {
  mediaType?: string;
  config: { digest: string; size: number };
  layers: { digest: string }[];
}

const base = "library/nginx";
const types = [
  "application/vnd.docker.distribution.manifest.v2+json",
  "application/vnd.oci.image.manifest.v1+json",
];
/** Answers with the image's mark, at 8080. */
export const sayMark = [
  "sh",
  "-c",
  `echo "events {} http { server { listen 8080; location / { return 200 $MARK; } } }" > /tmp/nginx.conf
   exec nginx -c /tmp/nginx.conf -g "daemon off;"`,
];

const digestOf = (bytes: string) => `sha256:${createHash("sha256").update(bytes).digest("hex")}`;

/** Images that differ in their variable MARK alone, made from one that the registry has. */
export class MarkedImages {
  /** A registry keeps names for ever: there are only a few. */
  readonly folder = "rebake-test";
  private readonly pushed: string[] = [];

  constructor(private readonly trial: Pick<EngineTrial, "closing" | "environmentId">) {
    trial.closing(() => this.clear());
  }

  /** A tag of this case alone. */
  own(tag: string): string {
    return `${this.trial.environmentId.slice(-12)}-${tag}`;
  }

  /** Has a registry call one so; returns its digest. */
  async push(
    mark: string,
    name: string,
    tag: string,
    server = registry,
    login: Login | null = null,
  ): Promise<string> {
    const path = `${this.folder}/${name}`;
    const found = await ask(registry, `${base}/manifests/1.22`, { headers: { accept: types.join(", ") } });
    const manifest = (await found.json()) as Manifest;
    const type = found.headers.get("content-type")!;
    const config = (await (await ask(registry, `${base}/blobs/${manifest.config.digest}`)).json()) as {
      config: { Env?: string[] };
    };
    config.config.Env = [...(config.config.Env ?? []), `MARK=${mark}`];
    const text = JSON.stringify(config);
    const put = (bytes: Blob, digest: string) => upload(server, path, bytes, digest, login);
    await put(new Blob([text]), digestOf(text));
    for (const { digest } of manifest.layers) {
      await put(await (await ask(registry, `${base}/blobs/${digest}`)).blob(), digest);
    }
    const size = Buffer.byteLength(text);
    const body = JSON.stringify({
      ...manifest,
      config: { ...manifest.config, digest: digestOf(text), size },
    });
    const headers = { "content-type": type };
    await ask(server, `${path}/manifests/${this.own(tag)}`, { method: "PUT", headers, body }, login);
    if (server === registry) {
      this.pushed.push(`${path}/manifests/${digestOf(body)}`);
    }
    return digestOf(body);
  }

  private async clear(): Promise<void> {
    for (const manifest of new Set(this.pushed)) {
      await fetch(`http://${registry}/v2/${manifest}`, {
        method: "DELETE",
        headers: { connection: "close" },
      });
    }
  }
}

/** @throws Error for what the registry does not do */
async function ask(
  server: string,
  path: string,
  request: RequestInit = {},
  login: Login | null = null,
): Promise<Response> {
  const url = path.startsWith("http") ? path : `http://${server}/v2/${path}`;
  const basic = login && Buffer.from(`${login.username}:${login.password}`).toString("base64");
  const headers = {
    connection: "close",
    ...(basic && { authorization: `Basic ${basic}` }),
    ...request.headers,
  };
  const response = await fetch(url, { ...request, headers });
  if (!response.ok) {
    throw new Error(`${request.method ?? "GET"} ${url}: ${response.status} ${await response.text()}`);
  }
  return response;
}

/** What is there already stays. */
async function upload(
  server: string,
  path: string,
  body: Blob,
  digest: string,
  login: Login | null,
): Promise<void> {
  const isThere = await ask(server, `${path}/blobs/${digest}`, { method: "HEAD" }, login).then(
    () => true,
    () => false,
  );
  if (!isThere) {
    const begun = await ask(server, `${path}/blobs/uploads/`, { method: "POST" }, login);
    const location = new URL(begun.headers.get("location")!, `http://${server}`);
    location.searchParams.set("digest", digest);
    const headers = { "content-type": "application/octet-stream" };
    await ask(server, location.href, { method: "PUT", headers, body }, login);
  }
}
