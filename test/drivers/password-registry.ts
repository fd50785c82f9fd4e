import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { RegistryCredential } from "../../src/operations/driver.js";
import { eventually } from "../support/eventually.js";
import { freePort } from "../support/free-port.js";
import { makeTempFolder } from "../support/temp-folder.js";

const program = "docker-registry";
const [username, password] = ["baker", "br3ad-and-butter"];
/** What `htpasswd -B` makes of it. */
const hash = "$2b$05$dD0Puek5fgjqa9TYhoEqH.9CPz.3AZymABIdx6y.gNapoA6J5WFt2";

/** A registry on this host that opens with a password. */
export class PasswordRegistry {
  private constructor(
    private readonly child: ChildProcess,
    private readonly folder: string,
    /** e.g. `127.0.0.1:5001` */
    readonly address: string,
  ) {}

  /** What this host does not have for it. */
  static get lacks(): string | null {
    return spawnSync(program, ["--version"]).status === 0 ? null : program;
  }

  static async open(): Promise<PasswordRegistry> {
    const folder = await makeTempFolder();
    const address = `127.0.0.1:${await freePort()}`;
    await writeFile(join(folder, "htpasswd"), `${username}:${hash}\n`);
    await writeFile(
      join(folder, "config.yml"),
      JSON.stringify({
        version: "0.1",
        storage: { filesystem: { rootdirectory: join(folder, "data") } },
        http: { addr: address },
        auth: { htpasswd: { realm: "test", path: join(folder, "htpasswd") } },
      }),
    );
    const child = spawn(program, ["serve", join(folder, "config.yml")], { stdio: "ignore" });
    const registry = new PasswordRegistry(child, folder, address);
    await eventually(async () => (await fetch(`http://${address}/v2/`)).status === 401, { deadline: 20_000 });
    return registry;
  }

  get credential(): RegistryCredential {
    return { username, password, server: this.address };
  }

  async close(): Promise<void> {
    const ended = once(this.child, "exit");
    this.child.kill();
    await ended;
    await rm(this.folder, { recursive: true, force: true, maxRetries: 10 });
  }
}
