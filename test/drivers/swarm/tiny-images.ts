import { PassThrough } from "node:stream";
import { registry } from "../machine.js";
import type { Trial } from "./trial.js";

interface Login {
  username: string;
  password: string;
}

/** A shell with the few programs that an app which does nothing needs, of the image that all tests have. */
const pack = `set -e; mkdir /out; cd /bin
  cp --parents $(ldd dash sleep cat | grep -o '/[^ ]*' | sort -u) /out
  mkdir -p /out/bin /out/tmp; cp dash sleep cat /out/bin; mv /out/bin/dash /out/bin/sh; tar -cC /out .`;

/** Images of some megabytes that differ in their variable MARK; they are gone when the case has ended. */
export async function tinyImages(trial: Trial): Promise<TinyImages> {
  // What a busy engine tells of a program that has ended may lack its end.
  const files = await trial.until<Buffer | null>("the files are whole", async () => {
    const packed = await packedFiles(trial);
    return isWhole(packed) ? packed : null;
  });
  const images = new TinyImages(trial, files!);
  trial.closing(() => images.clear());
  return images;
}

/** Archives end with two blocks of zeros. */
function isWhole(archive: Buffer): boolean {
  return archive.length > 1024 && archive.subarray(-1024).every((byte) => byte === 0);
}

async function packedFiles({ lab: { docker, node } }: Trial): Promise<Buffer> {
  const container = await docker.createContainer({ Image: node, Cmd: ["sh", "-c", pack] });
  try {
    const stream = await container.attach({ stream: true, stdout: true, stderr: true });
    const [out, errors] = [new PassThrough(), new PassThrough()];
    docker.modem.demuxStream(stream, out, errors);
    stream.once("end", () => out.end());
    errors.resume();
    await container.start();
    const chunks: Buffer[] = [];
    for await (const chunk of out) {
      chunks.push(chunk as Buffer);
    }
    return Buffer.concat(chunks);
  } finally {
    await container.remove({ force: true });
  }
}

export class TinyImages {
  /** A registry keeps names for ever: there are only a few. */
  readonly folder = "rebake-test";
  private readonly made: string[] = [];
  private readonly pushed = new Set<string>();

  constructor(
    private readonly trial: Trial,
    private readonly files: Buffer,
  ) {}

  /** A tag of this case alone. */
  own(tag: string): string {
    return `${this.trial.environmentId.slice(-12)}-${tag}`;
  }

  /** Returns its id on the engine. */
  async make(mark: string): Promise<string> {
    const stream = await this.docker.importImage(new PassThrough().end(this.files) as never, {
      repo: `${this.folder}/made`,
      tag: this.own(mark),
      changes: [`ENV MARK=${mark}`, "ENV PATH=/bin"],
    });
    stream.resume();
    await new Promise((resolve, reject) => stream.once("end", resolve).once("error", reject));
    const { Id } = await this.docker.getImage(`${this.folder}/made:${this.own(mark)}`).inspect();
    this.made.push(Id);
    return Id;
  }

  async tag(id: string, server: string, name: string, tag: string): Promise<string> {
    const repo = `${server}/${this.folder}/${name}`;
    await this.docker.getImage(id).tag({ repo, tag: this.own(tag) });
    return `${repo}:${this.own(tag)}`;
  }

  /** Has a registry call it so. */
  async push(
    id: string,
    server: string,
    name: string,
    tag: string,
    login: Login | null = null,
  ): Promise<void> {
    const reference = await this.tag(id, server, name, tag);
    const authconfig = login ? { ...login, serveraddress: server } : {};
    const stream = await this.docker.getImage(reference).push({ authconfig });
    await new Promise<void>((resolve, reject) => {
      this.docker.modem.followProgress(stream, (error) => (error ? reject(error) : resolve()));
    });
    if (server === registry) {
      const { RepoDigests } = await this.docker.getImage(reference).inspect();
      for (const digest of RepoDigests.filter((one) => one.startsWith(`${server}/${this.folder}/`))) {
        this.pushed.add(digest.slice(server.length + 1));
      }
    }
  }

  /** Removes it from the engine, whatever it is called there. */
  async forget(id: string): Promise<void> {
    await this.docker
      .getImage(id)
      .remove({ force: true })
      .catch((error: { statusCode?: number }) => {
        if (error.statusCode !== 404) {
          throw error;
        }
      });
  }

  async clear(): Promise<void> {
    for (const digest of this.pushed) {
      const [name, hash] = digest.split("@");
      await fetch(`http://${registry}/v2/${name}/manifests/${hash}`, { method: "DELETE" });
    }
    for (const id of this.made) {
      await this.trial.until("its containers are gone", () =>
        this.forget(id).then(
          () => true,
          () => false,
        ),
      );
    }
  }

  private get docker() {
    return this.trial.lab.docker;
  }
}
