import { expect } from "chai";
import type { Target } from "../../../../src/operations/driver.js";
import { Scene } from "../../fields/scene.js";
import type { Trial } from "../trial.js";

const text = "a = 1\r\n$(REBAKE_SERVICE) $$ {{ .Task.ID }} $HOME ${X}\nпривет 🍞\n\n";
const secrets = new Map([
  ["v1", "s3cr3t$(X) ключ"],
  ["v2", "an0ther"],
]);
const file = (path: string, content: string, mode = "0644") => ({
  ...{ path, mode },
  content: content === "" ? [] : [content],
});
const login = (version: string) => ({
  path: "/etc/login",
  content: ["user:", { secret: version }, "\n"],
  mode: "0440",
});
const paths = [
  ...["/etc/app/a.conf", "/srv/with space/b", "/etc/hostname.d/empty", "/srv/tool", "/srv/a/b/c/d"],
  ...["/etc/login", "/srv/c", "/etc/open", "/etc/who", "/srv/ключ"],
];

interface Found {
  mode: string;
  text: string;
}

async function look(trial: Trial, target: Target) {
  const found: Record<string, Found> = {};
  for (const path of paths) {
    const { code, out } = await trial.attempt(target, "sh", "-c", 'stat -c %a "$0" && cat "$0"', path);
    const [mode = "", ...rest] = out.split("\n");
    if (code === 0) {
      found[path] = { mode, text: rest.join("\n") };
    }
  }
  const { volumes = [] } = (await trial.pod(target)).spec!;
  const config = volumes.find(({ name }) => name === "files")?.configMap?.name;
  const secret = volumes.find(({ name }) => name === "secret-files")?.secret?.secretName;
  const tool = await trial.attempt(target, "/srv/tool");
  return { target, found, config, secret, tool, told: await trial.told(target) };
}

/** Files that are put in place before the app starts. */
export const fileScene = new Scene(async (trial: Trial) => {
  const open = file("/etc/open", "nothing to hide");
  const first = await trial.deploy(
    {
      ports: [{ name: "http", target: 8080 }],
      files: [
        file("/etc/app/a.conf", text),
        file("/srv/with space/b", "b", "0400"),
        file("/etc/hostname.d/empty", ""),
        file("/srv/tool", "#!/bin/sh\necho works\n", "0555"),
        file("/srv/a/b/c/d", "nested", "0604"),
        file("/srv/ключ", "named"),
        open,
        login("v1"),
        {
          path: "/etc/who",
          content: [
            { computed: "REBAKE_SERVICE" },
            " of ",
            { computed: "REBAKE_REPLICAS" },
            " at $(",
            { computed: "REBAKE_PORT" },
            ")",
          ],
          mode: "0644",
        },
      ],
    },
    { secrets },
  );
  const one = await look(trial, first);
  const second = await trial.rebuild(
    first,
    { files: [file("/etc/app/a.conf", "new"), file("/srv/c", "b", "0640"), open, login("v2")] },
    { secrets },
  );
  const two = await look(trial, second);
  const third = await trial.rebuild(second, {});
  return { one, two, three: await look(trial, third) };
})
  .shows("files.path", "is where it lies, and nothing else does any more", ({ one, two, three }) => {
    const kept = paths.filter((path) => path !== "/srv/c");
    expect(Object.keys(one.found)).to.have.members(kept);
    expect(Object.keys(two.found)).to.have.members(["/etc/app/a.conf", "/srv/c", "/etc/open", "/etc/login"]);
    expect(three.found).to.deep.equal({});
  })
  .shows("files.content", "is there to the letter", ({ one, two }) => {
    expect(one.found["/etc/app/a.conf"]!.text).to.equal(text);
    expect(one.found["/etc/hostname.d/empty"]!.text).to.equal("");
    expect(one.found["/srv/a/b/c/d"]!.text).to.equal("nested");
    expect(one.found["/srv/ключ"]!.text).to.equal("named");
    expect(two.found["/etc/app/a.conf"]!.text).to.equal("new");
  })
  .shows("files.content", "has facts of the service", ({ one }) => {
    expect(one.found["/etc/who"]!.text).to.equal("orders of 1 at $(8080)");
  })
  .shows("files.content", "is a Secret when it has one, and a ConfigMap else", ({ one, two, three }) => {
    expect(one.found["/etc/login"]!.text).to.equal(`user:${secrets.get("v1")}\n`);
    expect(two.found["/etc/login"]!.text).to.equal("user:an0ther\n");
    expect(one.secret).to.match(/^orders-secret-files-/);
    expect(two.secret).not.to.equal(one.secret);
    expect(one.config).to.match(/^orders-files-/);
    expect([three.secret, three.config]).to.deep.equal([undefined, undefined]);
    expect(one.told + two.told)
      .to.include("nothing to hide")
      .and.not.to.match(/s3cr3t|an0ther/);
  })
  .shows("files.mode", "is the file's", ({ one, two }) => {
    const modes = Object.fromEntries(Object.entries(one.found).map(([path, { mode }]) => [path, mode]));
    expect(modes).to.include({
      "/etc/app/a.conf": "644",
      "/srv/with space/b": "400",
      "/srv/tool": "555",
      "/srv/a/b/c/d": "604",
      "/etc/login": "440",
    });
    expect(one.tool).to.deep.equal({ code: 0, out: "works\n" });
    expect(two.found["/srv/c"]!.mode).to.equal("640");
  });
