/** The text as it is, in hex, and in base64 wherever in a longer text it stands. */
function spellings(text: string): string[] {
  const base64 = [0, 1, 2].map((before) => {
    const encoded = Buffer.from("\0".repeat(before) + text).toString("base64");
    // The outermost characters depend on what stands next to it.
    return encoded.slice(4, -4);
  });
  const url = base64.map((each) => each.replaceAll("+", "-").replaceAll("/", "_"));
  return [text, Buffer.from(text).toString("hex"), ...new Set([...base64, ...url])];
}

/** Whether a text stands somewhere in another one, or in the bytes of a file, in whatever spelling. */
export const holds = (haystack: string | Buffer, text: string) =>
  spellings(text).some((each) => haystack.includes(each));
