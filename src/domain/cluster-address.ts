import { isIPv4 } from "node:net";
import { plainText } from "./recipe-spec.js";

/** Where a cluster's API server is, without the slash at its end. */
export const clusterAddress = plainText(2_048)
  .refine(
    isClusterAddress,
    "must be the URL of an API server, without user, query or fragment, e.g. https://10.0.0.1:6443; http:// is for loopback addresses only",
  )
  .transform((url) => url.replace(/\/+$/, ""));

export function isHttps(address: string): boolean {
  return address.startsWith("https://");
}

/** Without TLS anybody on the way could read the token, so only nobody may be on the way. */
function isClusterAddress(text: string): boolean {
  if (!/^https?:\/\/[^\s\x00-\x1f\x7f?#@\\]+$/.test(text) || !URL.canParse(text)) {
    return false;
  }
  return isHttps(text) || isLoopback(new URL(text).hostname);
}

function isLoopback(hostname: string): boolean {
  return (
    hostname === "localhost" || hostname === "[::1]" || (isIPv4(hostname) && hostname.startsWith("127."))
  );
}
