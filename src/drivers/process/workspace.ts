import { constants, existsSync } from "node:fs";
import { cp, mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Target } from "../../operations/driver.js";

interface WorkspaceRecord {
  /** Key of the shared dependencies it links to; null when it has its own. */
  dependencies: string | null;
}

/**
 * The working copy of one deployment: `app` has the source, `files` the recipe's files of each instance.
 * It is built in its final place, because install scripts write absolute paths, and complete only once
 * `workspace.json` is there.
 */
export class Workspace {
  /** Gives back the dependencies it shares. */
  release: () => void = () => undefined;

  constructor(
    readonly folder: string,
    private readonly target: Target,
  ) {}

  /** The app: the source, or the subfolder of it that the recipe names. */
  get app(): string {
    return join(this.folder, "app", this.target.spec.source?.path ?? "");
  }

  get workingDir(): string {
    return join(this.app, this.target.spec.workingDir ?? "");
  }

  /** Program and arguments that start the app. */
  get command(): string[] {
    const { command, args } = this.target.spec;
    return command ? [...command, ...(args ?? [])] : ["npm", "start", ...(args ? ["--", ...args] : [])];
  }

  files(instance: number): string {
    return join(this.folder, "files", String(instance));
  }

  /** Starts over with an empty working copy. */
  async create(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
    await mkdir(join(this.folder, "app"), { recursive: true, mode: 0o700 });
    await mkdir(join(this.folder, "files"), { mode: 0o700 });
  }

  async copySource(source: string): Promise<void> {
    await cp(source, join(this.folder, "app"), {
      recursive: true,
      verbatimSymlinks: true,
      mode: constants.COPYFILE_FICLONE,
    });
  }

  async complete(record: WorkspaceRecord): Promise<void> {
    const file = join(this.folder, "workspace.json");
    await writeFile(`${file}.tmp`, JSON.stringify(record));
    await rename(`${file}.tmp`, file);
  }

  /** What an earlier run of the server left of it; null unless it is complete. */
  async completed(): Promise<WorkspaceRecord | null> {
    if (!existsSync(join(this.folder, "workspace.json"))) {
      return null;
    }
    return JSON.parse(await readFile(join(this.folder, "workspace.json"), "utf8")) as WorkspaceRecord;
  }

  async remove(): Promise<void> {
    this.release();
    await rm(this.folder, { recursive: true, force: true, maxRetries: 3 });
  }
}
