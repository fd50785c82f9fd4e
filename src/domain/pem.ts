import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";

const certificateBlock = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;

/** The certificates of a PEM text in their order, at least one; null when it is anything else, or has more in it. */
export function readCertificates(pem: string): X509Certificate[] | null {
  const blocks = pem.match(certificateBlock) ?? [];
  if (blocks.length === 0 || pem.replace(certificateBlock, "").includes("-----BEGIN ")) {
    return null;
  }
  try {
    return blocks.map((block) => new X509Certificate(block));
  } catch {
    return null;
  }
}

/** The private key of a PEM text; null when it has none, or one that a passphrase protects. */
export function readPrivateKey(pem: string): KeyObject | null {
  try {
    return createPrivateKey({ key: pem, format: "pem" });
  } catch {
    return null;
  }
}

export function belongsTogether(certificate: X509Certificate, key: KeyObject): boolean {
  try {
    return certificate.checkPrivateKey(key);
  } catch {
    return false;
  }
}
