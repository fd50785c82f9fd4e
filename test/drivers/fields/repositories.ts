import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { GitServer } from "../../deployer/git-server.js";
import { makeTempFolder } from "../../support/temp-folder.js";
import { GitFixture } from "../git-fixture.js";
import type { EngineTrial } from "../trial.js";

export const gitCredential = { username: "baker", password: "t0ken-of-git" };

export interface Repositories {
  url: string;
  app: GitFixture;
  /** Has new commits served. */
  publish(): Promise<void>;
}

/**
 * Repositories on this host that open with a password.
 * @param host address of this host that services can reach
 */
export async function repositories(trial: Pick<EngineTrial, "closing">, host: string): Promise<Repositories> {
  const folder = await makeTempFolder();
  await mkdir(join(folder, "served"));
  const app = await GitFixture.create(join(folder, "app"));
  const served = join(folder, "served", "app");
  const { username, password } = gitCredential;
  const server = await GitServer.open(join(folder, "served"), username, password, { host });
  trial.closing(async () => {
    server.close();
    await rm(folder, { recursive: true, force: true, maxRetries: 10 });
  });
  const publish = async () => {
    await rm(served, { recursive: true, force: true, maxRetries: 10 });
    await app.git("clone", "--quiet", "--bare", app.folder, served);
    await app.git("-C", served, "update-server-info");
  };
  return { url: server.url, app, publish };
}
