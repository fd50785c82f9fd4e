import { z } from "zod";
import { clusterAddress, isHttps } from "./cluster-address.js";
import { belongsTogether, readCertificates, readPrivateKey } from "./pem.js";
import { plainText } from "./recipe-spec.js";

/** What a client shows to be let in; anything else in it would break the header that carries it. */
export const bearerToken = plainText(16_384).regex(
  /^[\x21-\x7e]+$/,
  "must be one word of ASCII characters, without spaces or line ends",
);

const embed = "embed it, as `kubectl config view --raw --minify --flatten` does";
const asAccount = "give the token of a service account instead, see `kubectl create token --help`";
const file = `names a file, which the server does not read: ${embed}`;
const program = `would have the server run a program or ask somebody else for a token: ${asAccount}`;
const password = `is not taken by API servers any more: ${asAccount}`;
const impersonation = `would act for somebody else: ${asAccount}`;

/** Fields that a connection must not have, whatever is in them, and what to do about it. */
type Refused = Readonly<Record<string, string>>;

const refusedOfCluster: Refused = {
  "certificate-authority": file,
  "insecure-skip-tls-verify":
    "would let anybody pretend to be the cluster: give its certificate-authority-data instead",
  "proxy-url": "is not supported: give an address at which the server reaches the cluster by itself",
};
const refusedOfUser: Refused = {
  exec: program,
  "auth-provider": program,
  "client-certificate": file,
  "client-key": file,
  tokenFile: file,
  "token-file": file,
  username: password,
  password,
  as: impersonation,
  "as-uid": impersonation,
  "as-groups": impersonation,
  "as-user-extra": impersonation,
};

/** The base64 of a PEM text that `read` can read, on one line. */
const embedded = (read: (pem: string) => unknown, what: string) =>
  z
    .string({ error: `must be ${what} in base64` })
    .transform((text) => text.replace(/\s/g, ""))
    .refine((text) => isBase64(text) && read(decoded(text)) !== null, `must be ${what} in base64`)
    .optional();

const clusterShape = z
  .object({
    server: z.string({ error: "must be the URL of an API server, in quotes" }).pipe(clusterAddress),
    "certificate-authority-data": embedded(readCertificates, "one certificate or several, in PEM,"),
    "tls-server-name": z
      .string({ error: "must be a host name, in quotes" })
      .regex(/^[\w.:-]{1,253}$/, "must be a host name")
      .optional(),
  })
  .superRefine((cluster, context) => {
    if (!isHttps(cluster.server) && cluster["certificate-authority-data"] !== undefined) {
      const message = "is for https:// only: leave it out, or give an https:// server";
      context.addIssue({ code: "custom", path: ["certificate-authority-data"], message });
    }
  });

const userShape = z
  .object({
    token: z.string({ error: "must be text, in quotes" }).pipe(bearerToken).optional(),
    "client-certificate-data": embedded(readCertificates, "a certificate in PEM,"),
    "client-key-data": embedded(readPrivateKey, "a private key in PEM, without a passphrase,"),
  })
  .superRefine((user, context) => {
    for (const [field, message] of problemsOfKeys(user)) {
      context.addIssue({ code: "custom", path: field, message });
    }
  });

export type ClusterPart = z.output<typeof clusterShape>;
export type UserPart = z.output<typeof userShape>;

/** What is needed of a cluster or user, or what is wrong with it, in words that repeat none of its values. */
export type ReadPart<Part> = { part: Part } | { problems: string[] };

export function readCluster(given: unknown): ReadPart<ClusterPart> {
  return readPart("cluster", given, refusedOfCluster, clusterShape);
}

export function readUser(given: unknown): ReadPart<UserPart> {
  return readPart("user", given, refusedOfUser, userShape);
}

function readPart<Part>(
  name: string,
  given: unknown,
  refused: Refused,
  shape: z.ZodType<Part>,
): ReadPart<Part> {
  const fields = Object.fromEntries(Object.entries(given ?? {}).filter(([, value]) => isThere(value)));
  const problems = Object.entries(refused)
    .filter(([field]) => Object.hasOwn(fields, field))
    .map(([field, why]) => `has a ${name} whose ${field} ${why}`);
  if (problems.length > 0) {
    return { problems };
  }
  const read = shape.safeParse(fields);
  if (read.success) {
    return { part: read.data };
  }
  return {
    problems: read.error.issues.map(({ path, message }) =>
      path.length > 0 ? `has a ${name} whose ${path.join(".")} ${message}` : `has a ${name} that ${message}`,
    ),
  };
}

/** Programs that write kubeconfigs leave some fields empty. */
function isThere(value: unknown): boolean {
  return value !== null && value !== "" && value !== false;
}

type Keys = Pick<UserPart, "token" | "client-certificate-data" | "client-key-data">;

function problemsOfKeys(user: Keys): [path: string[], message: string][] {
  const { "client-certificate-data": certificate, "client-key-data": key } = user;
  if (certificate === undefined && key === undefined) {
    return user.token === undefined ? [[[], `has no credentials: ${asAccount}`]] : [];
  }
  if (certificate === undefined) {
    return [[["client-certificate-data"], "is missing: it belongs to the client-key-data"]];
  }
  if (key === undefined) {
    return [[["client-key-data"], "is missing: it belongs to the client-certificate-data"]];
  }
  const [own] = readCertificates(decoded(certificate)) ?? [];
  const opened = readPrivateKey(decoded(key));
  return own && opened && !belongsTogether(own, opened)
    ? [[["client-key-data"], "does not belong to the client-certificate-data"]]
    : [];
}

function isBase64(text: string): boolean {
  return text.length % 4 === 0 && /^[A-Za-z\d+/]+={0,2}$/.test(text);
}

function decoded(base64: string): string {
  return Buffer.from(base64, "base64").toString("utf8");
}
