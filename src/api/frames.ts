/** Header of a WebSocket text frame from a server: final, not masked (RFC 6455, section 5.2). */
const finalText = 0x81;
const brace = "}".charCodeAt(0);

/** Payloads are rendered once for many subscribers, who are all given the same list: so they are encoded once, too. */
const encoded = new WeakMap<readonly string[], readonly Buffer[]>();

/**
 * The frames of `next` messages of graphql-transport-ws, behind each other, ready to be written.
 * @param prefix what a message begins with, up to its payload
 * @param payloads the same list again costs no second encoding
 */
export function nextFrames(prefix: Buffer, payloads: readonly string[]): Buffer {
  const bodies = bodiesOf(payloads);
  let total = 0;
  for (const body of bodies) {
    const length = prefix.length + body.length + 1;
    total += headerSize(length) + length;
  }
  const frames = Buffer.allocUnsafe(total);
  let at = 0;
  for (const body of bodies) {
    at = writeHeader(frames, at, prefix.length + body.length + 1);
    at += prefix.copy(frames, at);
    at += body.copy(frames, at);
    frames[at++] = brace;
  }
  return frames;
}

/** The frame of any text message. */
export function textFrame(text: string): Buffer {
  const length = Buffer.byteLength(text);
  const frame = Buffer.allocUnsafe(headerSize(length) + length);
  frame.write(text, writeHeader(frame, 0, length));
  return frame;
}

function bodiesOf(payloads: readonly string[]): readonly Buffer[] {
  const known = encoded.get(payloads);
  if (known) {
    return known;
  }
  const bodies = payloads.map((payload) => Buffer.from(payload));
  encoded.set(payloads, bodies);
  return bodies;
}

function headerSize(length: number): number {
  return length < 126 ? 2 : length < 65_536 ? 4 : 10;
}

/** Returns where the payload begins. */
function writeHeader(frame: Buffer, at: number, length: number): number {
  frame[at] = finalText;
  if (length < 126) {
    frame[at + 1] = length;
    return at + 2;
  }
  if (length < 65_536) {
    frame[at + 1] = 126;
    return frame.writeUInt16BE(length, at + 2);
  }
  frame[at + 1] = 127;
  return frame.writeBigUInt64BE(BigInt(length), at + 2);
}
