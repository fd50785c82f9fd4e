/**
 * How an app's pinned commit is fetched and its dependencies installed, and how that is reported. Drivers call it in
 * the server; in containers it runs beside the app as a part of the bundle (`container/main.ts`). So it imports
 * nothing but Node, and never runs git or npm itself: whoever calls it says how.
 */
import { existsSync } from "node:fs";
import { mkdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";

export interface FetchJob {
  repository: string;
  /** Full hash. */
  commit: string;
  /** Bare repository that is kept between fetches; made when missing. */
  mirror: string;
  /** New folder for the files of the commit. */
  into: string;
}
export interface InstallJob {
  /** Where package.json is. */
  folder: string;
}
export type DeployerStep = "FETCH_SOURCE" | "INSTALL" | "START";
/** The causes of `src/errors.ts` that a deployer can find. */
export type DeployerCauseCode =
  | "REPOSITORY_UNREACHABLE"
  | "REF_NOT_FOUND"
  | "FETCH_FAILED"
  | "PACKAGE_JSON_MISSING"
  | "PACKAGE_JSON_INVALID"
  | "DEPENDENCY_NOT_FOUND"
  | "INSTALL_FAILED"
  | "COMMAND_NOT_FOUND"
  | "DISK_FULL";
export interface DeployerCause {
  code: DeployerCauseCode;
  message: string;
  exitCode: number | null;
  lastLines: string[];
}
export interface DeployerReport {
  step: DeployerStep;
  /** `SKIPPED`: there was nothing that could be done, e.g. no package.json where none is needed. */
  state: "RUNNING" | "DONE" | "SKIPPED" | "FAILED";
  detail?: string;
  cause?: DeployerCause;
}
export interface GitCredential {
  username: string;
  password: string;
}

/**
 * What reports of a job begin with, as lines of stdout that are JSON behind it (`DeployerReport`). The nonce is random:
 * no app prints such a line by accident.
 */
export function reportMarker(nonce: string): string {
  return `@@rebake:${nonce}@@ `;
}

/** Protocols that git may use; anything else, `ext::` above all, could run commands. */
const gitProtocols = "https:http:ssh:git:file";

/**
 * What git runs with besides `base`. The credential stays in the environment: an inline helper hands it to
 * git when the repository's own host asks for it, and no other helper is told, so nothing stores it.
 */
export function gitEnvironment(
  base: NodeJS.ProcessEnv,
  repository: string,
  credential: GitCredential | null,
): NodeJS.ProcessEnv {
  const settings: [string, string][] = [
    ["credential.helper", ""],
    ["core.askPass", ""],
    ["gc.auto", "0"],
    ["maintenance.auto", "false"],
    ["advice.detachedHead", "false"],
  ];
  if (credential && /^https?:/.test(repository)) {
    const print = `printf 'username=%s\\npassword=%s\\n' "$REBAKE_GIT_USERNAME" "$REBAKE_GIT_PASSWORD"`;
    settings.push([
      `credential.${new URL(repository).origin}.helper`,
      `!f() { test "$1" = get && ${print}; }; f`,
    ]);
  }
  const environment: NodeJS.ProcessEnv = {
    ...base,
    LC_ALL: "C",
    GIT_TERMINAL_PROMPT: "0",
    GIT_ALLOW_PROTOCOL: gitProtocols,
    GIT_CONFIG_NOSYSTEM: "1",
    GIT_SSH_COMMAND: "ssh -oBatchMode=yes",
    GIT_CONFIG_COUNT: String(settings.length),
  };
  settings.forEach(([key, value], index) => {
    environment[`GIT_CONFIG_KEY_${index}`] = key;
    environment[`GIT_CONFIG_VALUE_${index}`] = value;
  });
  if (credential) {
    environment.REBAKE_GIT_USERNAME = credential.username;
    environment.REBAKE_GIT_PASSWORD = credential.password;
  }
  return environment;
}

/**
 * Options for reading from `repository`. A local one may belong to another user; git hands no settings to
 * the process that serves it, so this has to be said in its command.
 */
export function remoteOptions(repository: string): string[] {
  return repository.startsWith("file:") ? ["--upload-pack=git -c safe.directory='*' upload-pack"] : [];
}

/** Why git could not read a repository, from what it printed; null when that does not say. */
export function classifyGit(output: string): "REPOSITORY_UNREACHABLE" | "REF_NOT_FOUND" | "DISK_FULL" | null {
  if (/No space left on device/i.test(output)) {
    return "DISK_FULL";
  }
  if (
    /not our ref|couldn't find remote ref|unadvertised object|no such ref|reference is not a tree|remote error: upload-pack: not our/i.test(
      output,
    )
  ) {
    return "REF_NOT_FOUND";
  }
  const unreachable =
    /does not appear to be a git repository|[Rr]epository .*not found|does not exist|Authentication failed|could not read (Username|Password)|Permission denied|Could not resolve host|Couldn't connect|Failed to connect|Connection (refused|reset|timed out)|unable to connect|Could not read from remote|unable to access|terminal prompts disabled|Host key verification|SSL certificate|unexpectedly hung up|not valid: is this a git repository/i;
  return unreachable.test(output) ? "REPOSITORY_UNREACHABLE" : null;
}

/** A step that failed, with what is to be reported of it. */
export class DeployerFailure extends Error {
  constructor(readonly found: DeployerCause) {
    super(found.message);
  }
}

/** How a tool ended, with the last 20 lines it printed. */
export interface Finished {
  code: number | null;
  signal: NodeJS.Signals | null;
  lastLines: string[];
}
/** How git and npm are run: in a container as the program's children, by a driver in groups of their own. */
export type RunTool = (
  argv: string[],
  env: NodeJS.ProcessEnv,
  options?: { cwd?: string; quiet?: boolean },
) => Promise<Finished>;

/** A line of a tool's output as it may be shown as evidence. */
export function evidenceLine(line: string): string {
  return line.replace(/[\x00-\x1f\x7f]/g, " ").slice(0, 350);
}

/** A failure with the evidence of the tool that it was found by. */
export function failure(code: DeployerCauseCode, message: string, evidence?: Finished): DeployerFailure {
  const { code: exitCode = null, lastLines = [] } = evidence ?? {};
  return new DeployerFailure({ code, message, exitCode, lastLines });
}

/** Brings the pinned commit into `into`, with what `gitEnvironment` made; says in a few words how. */
export async function fetchSource(job: FetchJob, git: NodeJS.ProcessEnv, run: RunTool): Promise<string> {
  const known = await hasCommit(job, git, run);
  if (!known) {
    await download(job, git, run).catch(async (error: unknown) => {
      // A killed git can leave locks or half a pack behind: a fresh mirror is the cure.
      if (!(error instanceof DeployerFailure) || error.found.code !== "FETCH_FAILED") {
        throw error;
      }
      await rm(job.mirror, { recursive: true, force: true });
      await download(job, git, run);
    });
  }
  await checkOut(job, git, run);
  return known ? "already here" : "fetched";
}

async function hasCommit(job: FetchJob, git: NodeJS.ProcessEnv, run: RunTool): Promise<boolean> {
  const { mirror, commit } = job;
  if (!existsSync(join(mirror, "HEAD"))) {
    return false;
  }
  // `cat-file -e` would say yes to a commit whose files are missing.
  const argv = ["git", `--git-dir=${mirror}`, "rev-list", "--objects", "--max-count=1", "--quiet", commit];
  return (await run(argv, git, { quiet: true })).code === 0;
}

async function download(job: FetchJob, git: NodeJS.ProcessEnv, run: RunTool): Promise<void> {
  const { repository, commit, mirror } = job;
  await mkdir(mirror, { recursive: true });
  const made = await run(["git", "init", "--quiet", "--bare", "--template=", "--", mirror], git);
  if (made.code !== 0) {
    throw gitFailure(made, job);
  }
  const fetch = ["git", `--git-dir=${mirror}`, "fetch", "--no-tags", ...remoteOptions(repository)];
  const shallow = await run([...fetch, "--depth=1", "--", repository, commit], git);
  if (shallow.code === 0) {
    return;
  }
  const why = classifyGit(shallow.lastLines.join("\n"));
  if (why === "REPOSITORY_UNREACHABLE" || why === "DISK_FULL") {
    throw gitFailure(shallow, job);
  }
  // Some servers hand out branches and tags only: take everything and look for the commit there.
  const deepen = existsSync(join(mirror, "shallow")) ? ["--unshallow"] : [];
  const everything = ["+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*"];
  const full = await run([...fetch, ...deepen, "--", repository, ...everything], git);
  if (full.code !== 0) {
    throw gitFailure(full, job);
  }
  if (!(await hasCommit(job, git, run))) {
    throw failure(
      "REF_NOT_FOUND",
      `${repository} has no commit ${commit}: was the branch rewritten?`,
      shallow,
    );
  }
}

async function checkOut(job: FetchJob, git: NodeJS.ProcessEnv, run: RunTool): Promise<void> {
  await mkdir(job.into, { recursive: true });
  const index = `${job.into}.index`;
  const argv = ["git", `--git-dir=${job.mirror}`, `--work-tree=${job.into}`, "read-tree", "--reset", "-u"];
  const done = await run([...argv, job.commit], { ...git, GIT_INDEX_FILE: index }, { cwd: job.into });
  await rm(index, { force: true });
  if (done.code !== 0) {
    throw gitFailure(done, job);
  }
}

function gitFailure(evidence: Finished, job: { repository: string; commit: string }): DeployerFailure {
  const code = classifyGit(evidence.lastLines.join("\n")) ?? "FETCH_FAILED";
  const sentences = {
    REPOSITORY_UNREACHABLE: `${job.repository} does not exist, cannot be reached or refuses the credential: check the address and the credential.`,
    REF_NOT_FOUND: `${job.repository} has no commit ${job.commit}: was the branch rewritten?`,
    DISK_FULL: "The disk is full: git could not write the source; make room and try again.",
    FETCH_FAILED: `git could not fetch ${job.commit} from ${job.repository}; see its last lines.`,
  };
  return failure(code, sentences[code], evidence);
}

/** `npm ci` with a lock file, `npm install` without. */
export async function install(job: InstallJob, env: NodeJS.ProcessEnv, run: RunTool): Promise<string> {
  const { folder } = job;
  await checkPackageJson(folder);
  const locked = ["package-lock.json", "npm-shrinkwrap.json"].some((name) => existsSync(join(folder, name)));
  const command = locked ? ["ci", "--prefer-offline"] : ["install"];
  const quiet = ["--no-audit", "--no-fund", "--no-update-notifier"];
  const done = await run(["npm", ...command, ...quiet], env, { cwd: folder });
  if (done.code !== 0) {
    throw npmFailure(done, command[0]!);
  }
  return `npm ${command[0]}`;
}

async function checkPackageJson(folder: string): Promise<void> {
  const text = await readFile(join(folder, "package.json"), "utf8").catch(() => null);
  if (text === null) {
    throw failure("PACKAGE_JSON_MISSING", "The source has no package.json where the recipe says it is.");
  }
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed === "object" && parsed !== null && !Array.isArray(parsed)) {
      return;
    }
  } catch (error) {
    throw failure("PACKAGE_JSON_INVALID", `package.json is not valid JSON: ${(error as Error).message}.`);
  }
  throw failure("PACKAGE_JSON_INVALID", "package.json is not an object.");
}

function npmFailure(evidence: Finished, command: string): DeployerFailure {
  const output = evidence.lastLines.join("\n");
  if (/ENOSPC|No space left on device/i.test(output)) {
    return failure("DISK_FULL", `The disk is full: npm ${command} could not write; make room.`, evidence);
  }
  if (/npm (error|ERR!) code (E404|ETARGET|ENOVERSIONS)/.test(output)) {
    const name = /(?:version found for|requested resource) '?([^\s']+?)'?\.?(?:\s|$)/.exec(output)?.[1];
    const message = `The npm registry does not have ${name ?? "a dependency, or the version asked for"}: check package.json and the registry.`;
    return failure("DEPENDENCY_NOT_FOUND", message, evidence);
  }
  if (/npm (error|ERR!) code EJSONPARSE/.test(output)) {
    return failure("PACKAGE_JSON_INVALID", "A package.json or lock file is not valid JSON.", evidence);
  }
  const how = evidence.signal ?? `code ${evidence.code}`;
  return failure("INSTALL_FAILED", `npm ${command} ended with ${how}; see its last lines.`, evidence);
}
