import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { link, mkdir, open, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { StartError } from "../errors.js";

/** Encrypts what must not be readable in the database; one per server. */
export interface SecretBox {
  /** @param context what it belongs to, e.g. `service-secret:sv_1…`; the same one is needed to decrypt */
  encrypt(plaintext: string, context: string): Buffer;
  /** @throws Error when the envelope was changed, or made with another key or for another context */
  decrypt(envelope: Uint8Array, context: string): string;
  /** To be kept with the data when it is first made, for `verify` at later starts. */
  makeCheck(): Buffer;
  /** @throws StartError SECRET_KEY_WRONG when `check` was made with another key */
  verify(check: Uint8Array): void;
}

/** First byte of an envelope, then nonce, tag, ciphertext. */
const version = 1;
const nonceBytes = 12;
const tagBytes = 16;
const headBytes = 1 + nonceBytes + tagBytes;
const keyBytes = 32;
const checkContext = "secret-check";
const checkPlaintext = "rebake";

/**
 * @param key 32 bytes; when null, that of the file `secret.key` in the home, which is made when missing
 * @throws StartError SECRET_KEY_WRONG when the file holds no key
 */
export async function openSecretBox(options: { home: string; key: Buffer | null }): Promise<SecretBox> {
  const file = join(options.home, "secret.key");
  return secretBox(options.key ?? (await readOrMakeKey(file)));
}

function secretBox(key: Buffer): SecretBox {
  const encrypt = (plaintext: string, context: string): Buffer => {
    const nonce = randomBytes(nonceBytes);
    const cipher = createCipheriv("aes-256-gcm", key, nonce, { authTagLength: tagBytes });
    cipher.setAAD(associatedData(context));
    const ciphertext = Buffer.concat([cipher.update(plaintext, "utf8"), cipher.final()]);
    return Buffer.concat([Buffer.of(version), nonce, cipher.getAuthTag(), ciphertext]);
  };
  const decrypt = (envelope: Uint8Array, context: string): string => {
    const bytes = Buffer.from(envelope);
    if (bytes.length < headBytes || bytes[0] !== version) {
      throw new Error(`the secret ${context} is not in a known format`);
    }
    const nonce = bytes.subarray(1, 1 + nonceBytes);
    const decipher = createDecipheriv("aes-256-gcm", key, nonce, { authTagLength: tagBytes });
    decipher.setAAD(associatedData(context));
    decipher.setAuthTag(bytes.subarray(1 + nonceBytes, headBytes));
    try {
      return Buffer.concat([decipher.update(bytes.subarray(headBytes)), decipher.final()]).toString("utf8");
    } catch {
      throw new Error(`the secret ${context} cannot be decrypted: changed, or made with another key`);
    }
  };
  return {
    encrypt,
    decrypt,
    makeCheck: () => encrypt(checkPlaintext, checkContext),
    verify: (check) => {
      try {
        decrypt(check, checkContext);
      } catch {
        throw new StartError(
          "SECRET_KEY_WRONG",
          "The secret key does not open what this database holds; " +
            "restore REBAKE_SECRET_KEY or the file secret.key of the home this database was made with.",
        );
      }
    },
  };
}

function associatedData(context: string): Buffer {
  return Buffer.from(`rebake:${version}:${context}`, "utf8");
}

async function readOrMakeKey(file: string): Promise<Buffer> {
  const text = (await readIfThere(file)) ?? (await makeKey(file));
  const key = Buffer.from(text.trim(), "base64");
  if (key.length !== keyBytes) {
    throw new StartError(
      "SECRET_KEY_WRONG",
      `${file} holds no key (32 bytes in base64); restore it, or set REBAKE_SECRET_KEY.`,
    );
  }
  return key;
}

async function readIfThere(file: string): Promise<string | null> {
  return readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") {
      return null;
    }
    throw new StartError("SECRET_KEY_WRONG", `${file} cannot be read (${error.code}); make it readable.`);
  });
}

/** Two servers may do this at once: the file appears complete or not at all, and the first one stays. */
async function makeKey(file: string): Promise<string> {
  await mkdir(join(file, ".."), { recursive: true, mode: 0o755 });
  const unfinished = `${file}.${randomBytes(6).toString("hex")}`;
  const handle = await open(unfinished, "wx", 0o600);
  try {
    await handle.writeFile(`${randomBytes(keyBytes).toString("base64")}\n`);
    await handle.sync();
    await link(unfinished, file).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "EEXIST") {
        throw error;
      }
    });
  } finally {
    await handle.close();
    await rm(unfinished, { force: true });
  }
  return readFile(file, "utf8");
}
