import { execFile } from "node:child_process";
import { readFile, rename, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import { expect } from "chai";
import express from "express";
import { gitRepository } from "../../src/api/git-repository.js";
import { makeExampleRepository } from "../../src/install/example-repository.js";
import { tempFolder } from "../support/temp-folder.js";

const run = promisify(execFile);

describe("the example repository over HTTP", () => {
  const folder = tempFolder();
  let server: Server;
  let origin: string;
  let repository: string;

  before(async () => {
    await makeExampleRepository("examples/shop", join(folder.path, "shop"));
    const app = express().set("env", "test");
    server = createServer(app.use("/examples/shop.git", gitRepository(join(folder.path, "shop"))));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    repository = `${origin}/examples/shop.git`;
  });
  after(
    () =>
      new Promise((resolve) => {
        server.close(resolve);
        server.closeAllConnections();
      }),
  );

  const git = async (...args: string[]) =>
    (
      await run("git", args, {
        cwd: folder.path,
        env: { PATH: process.env.PATH, HOME: folder.path, GIT_TERMINAL_PROMPT: "0" },
      })
    ).stdout.trim();

  for (const version of ["0", "1", "2"]) {
    it(`is cloned with version ${version} of git's protocol, and fetched from again`, async () => {
      const clone = join(folder.path, `clone-${version}`);
      await git("-c", `protocol.version=${version}`, "clone", "--quiet", repository, clone);
      expect(await readFile(join(clone, "server.js"), "utf8")).to.equal(
        await readFile("examples/shop/server.js", "utf8"),
      );
      await writeFile(join(folder.path, "shop", `new-${version}`), "new");
      await git("-C", "shop", "add", "--all");
      const author = ["-c", "user.name=Test", "-c", "user.email=test@localhost"];
      await git("-C", "shop", ...author, "commit", "--quiet", "--message", "New");
      await git("-C", clone, "-c", `protocol.version=${version}`, "pull", "--quiet");
      expect(await git("-C", clone, "rev-parse", "HEAD")).to.equal(
        await git("-C", "shop", "rev-parse", "HEAD"),
      );
    });
  }

  it("gives its branches, and one commit alone", async () => {
    const head = await git("-C", "shop", "rev-parse", "HEAD");
    expect(await git("ls-remote", repository, "refs/heads/main")).to.equal(`${head}\trefs/heads/main`);
    await git("init", "--quiet", "shallow");
    await git("-C", "shallow", "fetch", "--quiet", "--depth=1", repository, head);
    expect(await git("-C", "shallow", "log", "--format=%H", "FETCH_HEAD")).to.equal(head);
  });

  it("takes no push", async () => {
    await git("clone", "--quiet", repository, "pushing");
    const pushed = git("-C", "pushing", "push", "--quiet", "origin", "HEAD:refs/heads/other");
    expect((await pushed.catch((error) => error)).stderr).to.include("403");
    expect((await fetch(`${repository}/git-receive-pack`, { method: "POST" })).status).to.equal(404);
  });

  it("gives no file of its folder, or of any other", async () => {
    for (const path of [
      ...["/HEAD", "/config", "/.git/config", "/objects/info/packs", "/../../admin-token", "/%2e%2e/secret"],
      ...[
        "/info/refs",
        "/info/refs?service=git-upload-pack%00",
        "/info/refs?service=../x",
        "/git-upload-pack",
      ],
    ]) {
      const { status } = await fetch(`${repository}${path}`);
      expect(status, path).to.be.oneOf([403, 404]);
    }
  });

  it("gets over requests that are none", async () => {
    const headers = { "content-type": "application/x-git-upload-pack-request" };
    const post = (body: string | Buffer, more: object = {}) =>
      fetch(`${repository}/git-upload-pack`, { method: "POST", body, headers: { ...headers, ...more } })
        .then((response) => response.text())
        .catch(() => "cut off");
    await post("0000");
    await post("nonsense");
    await post(gzipSync("nonsense"), { "content-encoding": "gzip" });
    await post("not gzip at all", { "content-encoding": "gzip" });
    const wrong = await fetch(`${repository}/git-upload-pack`, { method: "POST", body: "0000" });
    expect(wrong.status).to.equal(415);
    expect(await git("ls-remote", repository)).to.include("refs/heads/main");
  });

  it("is not there when there is none", async () => {
    await rename(join(folder.path, "shop"), join(folder.path, "away"));
    expect((await fetch(`${repository}/info/refs?service=git-upload-pack`)).status).to.equal(404);
  });
});
