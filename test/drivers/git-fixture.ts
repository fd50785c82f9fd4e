import { execFile } from "node:child_process";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);
const identity = {
  GIT_AUTHOR_NAME: "Test",
  GIT_AUTHOR_EMAIL: "test@example.com",
  GIT_COMMITTER_NAME: "Test",
  GIT_COMMITTER_EMAIL: "test@example.com",
  GIT_CONFIG_GLOBAL: "/dev/null",
  GIT_CONFIG_NOSYSTEM: "1",
};

/** A real git repository that tests commit to and deploy from. */
export class GitFixture {
  private constructor(readonly folder: string) {}

  static async create(folder: string): Promise<GitFixture> {
    await mkdir(folder, { recursive: true });
    const fixture = new GitFixture(folder);
    await fixture.git("init", "--quiet", "--initial-branch=main");
    return fixture;
  }

  get url(): string {
    return pathToFileURL(this.folder).href;
  }

  /** Writes files and commits them; returns the full hash. */
  async commit(files: Record<string, string>): Promise<string> {
    for (const [name, text] of Object.entries(files)) {
      const file = join(this.folder, name);
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, text);
    }
    await this.git("add", "--all");
    await this.git("commit", "--quiet", "--allow-empty", "--message=change");
    return (await this.git("rev-parse", "HEAD")).trim();
  }

  async git(...argv: string[]): Promise<string> {
    const { stdout } = await run("git", argv, { cwd: this.folder, env: { ...process.env, ...identity } });
    return stdout;
  }
}

/** package.json and lock file of an app that needs `ws`, as this project has it installed. */
export async function packageWithWs(extra: Record<string, unknown> = {}): Promise<Record<string, string>> {
  const own = JSON.parse(await readFile("package-lock.json", "utf8")) as {
    packages: Record<string, { version: string }>;
  };
  const entry = own.packages["node_modules/ws"]!;
  const dependencies = { ws: entry.version };
  const manifest = {
    name: "app",
    version: "1.0.0",
    scripts: { start: "node server.mjs" },
    dependencies,
    ...extra,
  };
  const root = { name: "app", version: "1.0.0", dependencies };
  const packages = { "": root, "node_modules/ws": entry };
  const lock = { name: "app", version: "1.0.0", lockfileVersion: 3, requires: true, packages };
  return { "package.json": JSON.stringify(manifest), "package-lock.json": JSON.stringify(lock) };
}
