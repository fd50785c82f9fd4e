/** Why an engine cannot be spoken to, by the code of the error. The first that fits counts. */
const reasons: readonly { pattern: RegExp; says: string }[] = [
  { pattern: /^CERT_HAS_EXPIRED$/, says: "its certificate has expired" },
  { pattern: /^ERR_TLS_CERT_ALTNAME_INVALID$/, says: "its certificate is for another host" },
  {
    pattern: /SELF_SIGNED_CERT|^UNABLE_TO_(VERIFY_LEAF_SIGNATURE|GET_ISSUER_CERT)|^CERT_SIGNATURE_FAILURE$/,
    says: "its certificate is not signed by the CA of the connection",
  },
  {
    pattern: /ALERT_(UNKNOWN_CA|BAD_CERTIFICATE|HANDSHAKE_FAILURE|CERTIFICATE_|ACCESS_DENIED|DECRYPT_ERROR)/,
    says: "it refuses the client certificate of the connection",
  },
  { pattern: /^EPROTO$|WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG/, says: "it does not speak TLS there" },
  { pattern: /^HPE_/, says: "what answers there speaks no HTTP; it may want TLS" },
];

/** What to say of an error of the connection, with its code. */
export function absenceOf(code: string | undefined, message: string): string {
  const known = code && reasons.find(({ pattern }) => pattern.test(code));
  return known ? `${known.says}: ${code}` : (code ?? message);
}
