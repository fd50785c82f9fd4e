import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chmod, lstat, mkdir, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { StartError } from "../errors.js";

const run = promisify(execFile);

/** Who PostgreSQL runs as: it refuses to run as root. */
export interface RunAs {
  uid: number;
  gid: number;
}

/**
 * The user for PostgreSQL, null for the own one.
 * @param data the data folder; who owns an existing one goes on with it
 * @throws StartError DATABASE_FAILED when root finds and can make no other user
 */
export async function chooseUser(data: string): Promise<RunAs | null> {
  if (process.getuid?.() !== 0) {
    return null;
  }
  const owner = await lstat(data).catch(() => null);
  if (owner !== null && owner.uid !== 0) {
    return { uid: owner.uid, gid: owner.gid };
  }
  return (await findUser("postgres", "rebake", "nobody")) ?? (await makeUser());
}

/** Whether `user` can run `program`. */
export async function canRun(user: RunAs, program: string): Promise<boolean> {
  return succeeds(program, ["--version"], user);
}

/** Whether `user` can enter `folder`. */
export async function canEnter(user: RunAs, folder: string): Promise<boolean> {
  return succeeds("/bin/sh", ["-c", 'cd -- "$1"', "sh", folder], user);
}

/**
 * A folder that every user can enter, for what cannot stay in `home`; always the same for the same home, and
 * another one when the home was removed and made again.
 * @throws StartError DATABASE_FAILED when neither /var/lib nor the temp folder will do
 */
export async function reachableFolder(home: string, user: RunAs): Promise<{ shared: string; own: string }> {
  const name = await nameOfOwn(home);
  for (const shared of ["/var/lib/rebake", join(tmpdir(), "rebake-postgres")]) {
    const own = join(shared, name);
    if ((await ownedFolder(shared)) && (await ownedFolder(own)) && (await canEnter(user, own))) {
      return { shared, own };
    }
  }
  throw new StartError(
    "DATABASE_FAILED",
    `The user that PostgreSQL runs as (uid ${user.uid}) can enter neither ${home} nor /var/lib/rebake; ` +
      "set REBAKE_HOME to a folder that all users can enter, or do not start as root.",
  );
}

/** Random, and kept in the home: data elsewhere must not outlive the keys in it that open it. */
async function nameOfOwn(home: string): Promise<string> {
  const file = join(home, "postgres-folder");
  await writeFile(file, randomBytes(8).toString("hex"), { flag: "wx", mode: 0o600 }).catch((error) => {
    if (error.code !== "EEXIST") {
      throw error;
    }
  });
  return (await readFile(file, "utf8")).trim();
}

/** Makes the folder; one that somebody else made beforehand is not to be trusted. */
async function ownedFolder(path: string): Promise<boolean> {
  try {
    await mkdir(path, { recursive: true, mode: 0o755 });
    const { uid } = await lstat(path);
    if (uid !== process.getuid?.() || !(await lstat(path)).isDirectory()) {
      return false;
    }
    await chmod(path, 0o755);
    return true;
  } catch {
    return false;
  }
}

async function findUser(...names: string[]): Promise<RunAs | null> {
  const lines = (await readFile("/etc/passwd", "utf8").catch(() => "")).split("\n");
  const users = lines.map((line) => line.split(":"));
  for (const name of names) {
    const [, , uid, gid] = users.find((fields) => fields[0] === name) ?? [];
    if (Number(uid) > 0) {
      return { uid: Number(uid), gid: Number(gid) };
    }
  }
  return null;
}

async function makeUser(): Promise<RunAs> {
  const options = ["--system", "--no-create-home", "--shell", "/usr/sbin/nologin", "rebake"];
  const made = await run("useradd", options).catch((error: Error) => error);
  const user = await findUser("rebake");
  if (user === null) {
    throw new StartError(
      "DATABASE_FAILED",
      `PostgreSQL does not run as root and no other user could be made (${(made as Error).message}); ` +
        "start as another user, or set DATABASE_URL.",
    );
  }
  return user;
}

async function succeeds(program: string, args: string[], user: RunAs): Promise<boolean> {
  return run(program, args, { ...user, cwd: "/" }).then(
    () => true,
    () => false,
  );
}
