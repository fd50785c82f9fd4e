import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { SwarmConnection } from "../domain/connection.js";
import { swarmConnection } from "../domain/swarm-connection.js";
import { StartError } from "../errors.js";

const files = { ca: "ca.pem", certificate: "cert.pem", key: "key.pem" } as const;

/**
 * How the engine of the installed environment is reached: with the keys of a folder as Docker's own clients have it.
 * @throws StartError CONFIG_INVALID
 */
export async function readSwarmConnection(host: string, folder: string | null): Promise<SwarmConnection> {
  if (folder === null) {
    return { host, ca: null, certificate: null, key: null };
  }
  const pem = (name: keyof typeof files) =>
    readFile(join(folder, files[name]), "utf8").catch((error: NodeJS.ErrnoException) => {
      const message = `REBAKE_SWARM_CERT_PATH is ${folder}, whose ${files[name]} cannot be read (${error.code}): name a folder with ca.pem, cert.pem and key.pem, or leave it out.`;
      throw new StartError("CONFIG_INVALID", message);
    });
  const given = { host, ca: await pem("ca"), certificate: await pem("certificate"), key: await pem("key") };
  const { data, error } = swarmConnection.safeParse(given);
  if (!data) {
    const problems = error.issues.map(({ path, message }) => `${path.join(".")} ${message}`).join("; ");
    const message = `REBAKE_SWARM_HOST is ${host} and REBAKE_SWARM_CERT_PATH is ${folder}: ${problems}.`;
    throw new StartError("CONFIG_INVALID", message);
  }
  return data;
}
