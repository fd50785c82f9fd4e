import { z } from "zod";
import type { Engine, SwarmConnection } from "./connection.js";
import { belongsTogether, readCertificates, readPrivateKey } from "./pem.js";
import { plainText } from "./recipe-spec.js";

/** The kernel takes paths of sockets up to 107 bytes. */
const longestSocketPath = 107;

const host = plainText(300).refine(
  isEngineHost,
  "must be unix:///path/of/the/socket or tcp://host:port, e.g. unix:///var/run/docker.sock",
);
const pem = plainText(65_536).nullable().default(null);

/** As somebody gives it: complete, whatever was known before. No message repeats any of it. */
export const swarmConnection = z
  .object({ host, ca: pem, certificate: pem, key: pem })
  .superRefine((connection, context) => {
    for (const [field, message] of problemsOf(connection)) {
      context.addIssue({ code: "custom", path: [field], message });
    }
  });

/** What may be shown of it. */
export function engineOf({ host, key }: SwarmConnection): Engine {
  return { host, tls: key !== null };
}

/** Whether it can be the address of an engine: `unix:///…` or `tcp://host:port`. */
export function isEngineHost(text: string): boolean {
  const [, socket] = /^unix:\/\/(\/[^\x00-\x1f\x7f]+)$/.exec(text) ?? [];
  if (socket !== undefined) {
    return Buffer.byteLength(socket) <= longestSocketPath;
  }
  const [, port] = /^tcp:\/\/(?:[\w.-]+|\[[\da-fA-F:.]+\]):(\d{1,5})$/.exec(text) ?? [];
  return port !== undefined && Number(port) >= 1 && Number(port) <= 65_535;
}

type Field = "ca" | "certificate" | "key";
const fields: readonly Field[] = ["ca", "certificate", "key"];

function problemsOf(connection: SwarmConnection): [Field, string][] {
  const given = fields.filter((field) => connection[field] !== null);
  if (connection.host.startsWith("unix:")) {
    return given.map((field) => [field, "is for tcp:// only: a unix socket has no TLS"]);
  }
  if (given.length > 0 && given.length < fields.length) {
    const missing = fields.filter((field) => connection[field] === null);
    return missing.map((field) => [field, "is missing: give ca, certificate and key together, or none"]);
  }
  const { ca, certificate, key } = connection;
  return ca !== null && certificate !== null && key !== null ? problemsOfKeys(ca, certificate, key) : [];
}

function problemsOfKeys(ca: string, certificate: string, key: string): [Field, string][] {
  const [own] = readCertificates(certificate) ?? [];
  const opened = readPrivateKey(key);
  const problems: [Field, string | false][] = [
    ["ca", readCertificates(ca) === null && "must be one certificate or several, in PEM"],
    ["certificate", !own && "must be a certificate in PEM, with those it is signed by behind it if need be"],
    ["key", !opened && "must be a private key in PEM, without a passphrase"],
    [
      "key",
      own !== undefined &&
        opened !== null &&
        !belongsTogether(own, opened) &&
        "does not belong to the certificate",
    ],
  ];
  return problems.filter((problem): problem is [Field, string] => problem[1] !== false);
}
