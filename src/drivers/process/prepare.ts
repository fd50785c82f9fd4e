import { existsSync } from "node:fs";
import { mkdir, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fetchSource, install } from "../../deployer/deployer.js";
import { type PackageFiles, readPackageFiles } from "../../deployer/package-files.js";
import { OperationFailure } from "../../errors.js";
import type { LogStream, Target } from "../../operations/driver.js";
import { type Cache, cacheKey } from "./cache.js";
import { npmVersion } from "./npm-version.js";
import type { PidRecords } from "./records.js";
import { type Tools, withTools } from "./tools.js";
import { Workspace } from "./workspace.js";

export interface PreparerOptions {
  /** Folder that has the working copies. */
  services: string;
  cache: Cache;
  records: PidRecords;
}
export interface Preparation {
  signal: AbortSignal;
  log(stream: LogStream, line: string): void;
}

/** Makes working copies: the pinned commit's files and what npm installs for them. */
export class Preparer {
  private readonly mirrorQueues = new Map<string, Promise<unknown>>();

  constructor(private readonly options: PreparerOptions) {}

  workspaceOf(target: Target): Workspace {
    const { environmentId, serviceId } = target.ref;
    const { operationId } = target.stamp;
    return new Workspace(join(this.options.services, environmentId, serviceId, operationId), target);
  }

  /** Fills the working copy with the source; false when there is none. */
  async fetchSource(
    target: Target,
    workspace: Workspace,
    preparation: Preparation,
  ): Promise<{ cached: boolean } | null> {
    await workspace.create();
    const { source } = target.spec;
    if (!source) {
      return null;
    }
    if (target.commit === null) {
      throw new OperationFailure("FETCH_FAILED", "No commit was resolved for the source.");
    }
    const { repository } = source;
    const commit = target.commit;
    const entry = await this.options.cache.obtain(
      "sources",
      cacheKey([repository, commit]),
      preparation.signal,
      (line) => preparation.log("git", line),
      (into, signal, emit) => this.fetch(target, repository, commit, into, signal, emit),
    );
    try {
      await workspace.copySource(entry.folder);
    } finally {
      entry.release();
    }
    if (!existsSync(workspace.app)) {
      throw new OperationFailure(
        "PACKAGE_JSON_MISSING",
        `The source has no folder ${source.path}: check source.path.`,
      );
    }
    return { cached: entry.hit };
  }

  /** Installs what package.json asks for; null when there is nothing that could be. */
  async install(target: Target, workspace: Workspace, preparation: Preparation): Promise<string | null> {
    const files = target.spec.source ? await readPackageFiles(workspace.app) : null;
    if (!files) {
      this.refuseNpm(target);
      await workspace.complete({ dependencies: null });
      return null;
    }
    let dependencies: string | null = null;
    let detail = "nothing to install";
    if (files.shareable && !files.empty) {
      const key = await this.dependenciesKey(files);
      detail = (await this.share(target, workspace, files, key, preparation)) ? "from cache" : "npm ci";
      dependencies = key;
    } else if (!files.empty) {
      await this.runInstall(target, workspace.app, preparation.signal, (line) =>
        preparation.log("npm", line),
      );
      detail = "npm";
    }
    await workspace.complete({ dependencies });
    return detail;
  }

  /** The working copy an earlier run left, when it is whole; what it shares is in use again. */
  async reopen(target: Target): Promise<Workspace | null> {
    const workspace = this.workspaceOf(target);
    const record = await workspace.completed().catch(() => null);
    if (!record) {
      return null;
    }
    if (record.dependencies !== null) {
      if (!existsSync(this.options.cache.path("dependencies", record.dependencies))) {
        return null;
      }
      workspace.release = this.options.cache.retain("dependencies", record.dependencies);
    }
    return workspace;
  }

  private refuseNpm({ spec }: Target): void {
    const needsNpm = spec.command === null || spec.command[0] === "npm";
    if (needsNpm && spec.source) {
      const where = spec.source.path ? `folder ${spec.source.path}` : "root";
      const message = `The source has no package.json in its ${where}, which \`npm start\` needs: check source.path or set a command.`;
      throw new OperationFailure("PACKAGE_JSON_MISSING", message);
    }
    if (spec.command === null) {
      const message = "The recipe has neither a source nor a command: there is nothing to start.";
      throw new OperationFailure("COMMAND_NOT_FOUND", message);
    }
  }

  private async fetch(
    target: Target,
    repository: string,
    commit: string,
    into: string,
    signal: AbortSignal,
    emit: (line: string) => void,
  ): Promise<void> {
    const key = cacheKey([repository]);
    const release = this.options.cache.retain("mirrors", key);
    const mirror = this.options.cache.path("mirrors", key);
    // One git at a time in a mirror: they would trip over each other's locks.
    const before = this.mirrorQueues.get(key) ?? Promise.resolve();
    const run = before.then(() =>
      this.withTools(target, signal, emit, ({ run, git }) =>
        fetchSource({ repository, commit, mirror, into }, git(repository, target.gitCredential), run),
      ),
    );
    const settled = run.catch(() => undefined);
    this.mirrorQueues.set(key, settled);
    try {
      await run;
    } finally {
      release();
      if (this.mirrorQueues.get(key) === settled) {
        this.mirrorQueues.delete(key);
      }
    }
  }

  /** Links dependencies that were, or now are, installed once for all; true when they were. */
  private async share(
    target: Target,
    workspace: Workspace,
    files: PackageFiles,
    key: string,
    preparation: Preparation,
  ): Promise<boolean> {
    const entry = await this.options.cache.obtain(
      "dependencies",
      key,
      preparation.signal,
      (line) => preparation.log("npm", line),
      async (folder, signal, emit) => {
        for (const [name, text] of files.texts) {
          await writeFile(join(folder, name), text);
        }
        await this.runInstall(target, folder, signal, emit);
        await mkdir(join(folder, "node_modules"), { recursive: true });
      },
    );
    workspace.release = entry.release;
    const link = join(workspace.app, "node_modules");
    await rm(link, { recursive: true, force: true });
    await symlink(join(entry.folder, "node_modules"), link, "dir");
    return entry.hit;
  }

  private runInstall(
    target: Target,
    folder: string,
    signal: AbortSignal,
    emit: (line: string) => void,
  ): Promise<void> {
    return this.withTools(target, signal, emit, ({ run, env }) => install({ folder }, env, run));
  }

  private async dependenciesKey(files: PackageFiles): Promise<string> {
    const host = [process.version, (await npmVersion()) ?? "unknown", process.platform, process.arch];
    return cacheKey([...host, ...[...files.texts].flat()]);
  }

  private async withTools(
    { stamp }: Target,
    signal: AbortSignal,
    onLine: (line: string) => void,
    work: (tools: Tools) => Promise<unknown>,
  ): Promise<void> {
    const { records } = this.options;
    await withTools({ records, operationId: stamp.operationId, signal, onLine }, work);
  }
}
