import type { RenderedSpec } from "../../domain/rendered-spec.js";
import { portOf } from "../engine/deployer.js";
import type { Pod } from "./api-types.js";
import type { Cluster } from "./cluster.js";
import { objectPath } from "./paths.js";

/**
 * What a pod answers to its readiness probe, asked through the API server: nodes tell of it, too, but not of everything,
 * and late when they have much to tell. Null: it passes, cannot be asked that way, or may not be.
 * Source: https://kubernetes.io/docs/reference/using-api/api-concepts/ (the `proxy` subresource)
 */
export async function probeAnswer(
  cluster: Cluster,
  namespace: string,
  { metadata }: Pod,
  { readiness, ports }: RenderedSpec,
): Promise<string | null> {
  const asked = readiness?.httpGet ?? readiness?.tcp ?? (readiness ? null : { port: null });
  const port = asked && portOf(ports, asked.port);
  if (!port) {
    return null;
  }
  const path = readiness?.httpGet?.path ?? "/";
  const signal = AbortSignal.timeout((readiness?.timeout ?? 5) * 1000);
  const where = `${objectPath("Pod", namespace, `${metadata.name}:${port}`)}/proxy${path}`;
  const answer = await cluster.answer("get pods/proxy", where, signal).catch(() => null);
  if (!answer || isForbidden(answer)) {
    return null;
  }
  const { status, text } = answer;
  const [refused] = /connection refused/i.exec(text) ?? [];
  if (status >= 500 && refused) {
    return refused;
  }
  const isWell = !readiness?.httpGet || (status >= 200 && status < 400);
  return isWell ? null : `GET ${path} answered ${status}`;
}

function isForbidden({ status, text }: { status: number; text: string }): boolean {
  return [401, 403].includes(status) && /"reason":\s*"(Forbidden|Unauthorized)"/.test(text);
}
