import { dump } from "js-yaml";
import { ca, certificate, key } from "./pems.js";

export const base64 = (text: string) => Buffer.from(text).toString("base64");

/** An entry of a kubeconfig, but for its name. */
export type Part = Record<string, unknown>;

export const server = "https://cluster.example:6443";
export const cluster: Part = { server, "certificate-authority-data": base64(ca) };
export const byCertificate: Part = {
  "client-certificate-data": base64(certificate),
  "client-key-data": base64(key),
};
export const token = "eyJhbGciOiJSUzI1NiJ9.c2VjcmV0.c2lnbmF0dXJl";
export const byToken: Part = { token };

/**
 * The text of a kubeconfig with the contexts `shop`, its current one, and `other`, whose cluster and user are nobody
 * else's and cannot be used.
 */
export function kubeconfig({
  cluster: own = cluster,
  user = byToken,
  ...rest
}: KubeconfigParts = {}): string {
  const whole: Part = {
    apiVersion: "v1",
    kind: "Config",
    preferences: {},
    "current-context": "shop",
    contexts: [
      { name: "other", context: { cluster: "other-cluster", user: "other-user" } },
      { name: "shop", context: { cluster: "shop-cluster", user: "shop-user", namespace: "default" } },
    ],
    clusters: [
      { name: "other-cluster", cluster: { server: "other-server", "certificate-authority": "/other/ca" } },
      { name: "shop-cluster", cluster: own },
    ],
    users: [
      { name: "other-user", user: { exec: { command: "other-program" }, token: "other-token" } },
      { name: "shop-user", user },
    ],
    ...rest,
  };
  return dump(whole);
}

interface KubeconfigParts extends Part {
  cluster?: Part;
  user?: Part;
}
