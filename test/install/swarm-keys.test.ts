import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { StartError } from "../../src/errors.js";
import { readSwarmConnection } from "../../src/install/swarm-keys.js";
import { ca, certificate, key } from "../support/pems.js";
import { tempFolder } from "../support/temp-folder.js";

describe("the keys for the engine that is installed on", () => {
  const folder = tempFolder();

  it("are none without a folder", async () => {
    expect(await readSwarmConnection("unix:///run/engine", null)).to.deep.equal({
      ...{ host: "unix:///run/engine", ca: null, certificate: null, key: null },
    });
  });

  it("are the files that Docker's clients have", async () => {
    await writeFile(join(folder.path, "ca.pem"), ca);
    await writeFile(join(folder.path, "cert.pem"), certificate);
    await writeFile(join(folder.path, "key.pem"), key);
    expect(await readSwarmConnection("tcp://engine:2376", folder.path)).to.deep.equal({
      ...{ host: "tcp://engine:2376", ca, certificate, key },
    });
  });

  it("have to be there", async () => {
    const refused = await readSwarmConnection("tcp://engine:2376", join(folder.path, "nowhere")).catch(
      (error) => error,
    );
    expect(refused).to.be.instanceOf(StartError);
    expect(refused.message).to.match(
      /REBAKE_SWARM_CERT_PATH is .*nowhere, whose ca\.pem cannot be read \(ENOENT\)/,
    );
  });

  it("have to be keys, for an engine that takes some", async () => {
    await writeFile(join(folder.path, "key.pem"), "no key");
    const refused = (host: string) =>
      readSwarmConnection(host, folder.path).catch((error: StartError) => `${error.code} ${error.message}`);
    expect(await refused("tcp://engine:2376")).to.match(/CONFIG_INVALID .*key must be a private key/);
    expect(await refused("unix:///run/engine")).to.match(/CONFIG_INVALID .*a unix socket has no TLS/);
  });
});
