import { expect } from "chai";
import type { Trial } from "../trial.js";
import { env, type FieldCase, field } from "./field.js";

interface File {
  path: string;
  text: string;
  mode?: string;
}
const files = (...all: File[]) =>
  all.map(({ path, text, mode = "0644" }) => ({ path, content: text === "" ? [] : [text], mode }));

/** Configs and secrets that the container has, by the paths of their files. */
async function objectsOf(trial: Trial, target: Parameters<Trial["container"]>[0]) {
  const { Configs = [], Secrets = [] } = (await trial.service(target.ref)).Spec.TaskTemplate.ContainerSpec;
  return new Map([
    ...Configs.map(({ File, ConfigName }) => [File.Name, `config ${ConfigName}`] as const),
    ...Secrets.map(({ File, SecretName }) => [File.Name, `secret ${SecretName}`] as const),
  ]);
}

/** Files that are put in place before the app starts. */
export const fileFields: FieldCase[] = [
  field(
    "files.path files.content files.mode",
    "lie where and as the recipe says, to the letter",
    async (trial) => {
      const text = "a = 1\r\n{{ .Task.ID }} {{{ $HOME ${X}\nпривет 🍞\n\n";
      const first = await trial.deploy({
        files: files(
          { path: "/etc/app/a.conf", text },
          { path: "/srv/with space/b", text: "b", mode: "0400" },
          { path: "/etc/hostname.d/empty", text: "" },
          // The same text, for others to be executed.
          { path: "/srv/tool", text: "b", mode: "0555" },
        ),
      });
      const modes = (...paths: string[]) => trial.run(first, "stat", "-c", "%a %u %n", ...paths);
      expect(await trial.run(first, "cat", "/etc/app/a.conf")).to.equal(text);
      expect(await trial.run(first, "cat", "/etc/hostname.d/empty")).to.equal("");
      expect(await modes("/etc/app/a.conf", "/srv/with space/b", "/srv/tool")).to.equal(
        "644 0 /etc/app/a.conf\n400 0 /srv/with space/b\n555 0 /srv/tool\n",
      );
      const second = await trial.rebuild(first, {
        files: files({ path: "/etc/app/a.conf", text: "new" }, { path: "/srv/c", text: "b", mode: "0640" }),
      });
      expect(await trial.run(second, "cat", "/etc/app/a.conf", "/srv/c")).to.equal("newb");
      expect(await modes("/srv/c")).to.equal("640 0 /srv/c\n");
      for (const path of ["/srv/with space/b", "/srv/tool", "/etc/hostname.d/empty"]) {
        expect((await trial.attempt(second, "test", "-e", path)).code, path).to.equal(1);
      }
    },
  ),

  field("files.content", "is a secret of the engine when it has one, and a config else", async (trial) => {
    const secrets = new Map([
      ["v1", "s3cr3t{{"],
      ["v2", "an0ther"],
    ]);
    const withSecret = (version: string) => [
      { path: "/etc/login", content: ["user:", { secret: version }, "\n"], mode: "0440" },
      { path: "/etc/open", content: ["nothing to hide"], mode: "0644" },
    ];
    const first = await trial.deploy({ files: withSecret("v1") }, { secrets });
    expect(await trial.run(first, "cat", "/etc/login")).to.equal("user:s3cr3t{{\n");
    expect(await trial.run(first, "stat", "-c", "%a", "/etc/login")).to.equal("440\n");
    const before = await objectsOf(trial, first);
    expect(before.get("/etc/login")).to.match(/^secret /);
    expect(before.get("/etc/open")).to.match(/^config /);
    const second = await trial.rebuild(first, { files: withSecret("v2") }, { secrets });
    expect(await trial.run(second, "cat", "/etc/login")).to.equal("user:an0ther\n");
    const after = await objectsOf(trial, second);
    expect(after.get("/etc/login")).not.to.equal(before.get("/etc/login"));
    expect(after.get("/etc/open")).to.equal(before.get("/etc/open"));
    const told = JSON.stringify([
      await trial.container(second),
      await trial.service(second.ref),
      await trial.remains(),
    ]);
    expect(told).not.to.match(/s3cr3t|an0ther/);
  }),

  field("files.content", "has facts of the service, and the number of each replica", async (trial) => {
    const secrets = new Map([["v1", "{{.Task.ID}}"]]);
    const content = [
      "{",
      { computed: "REBAKE_INSTANCE" as const },
      "}{{x}} of ",
      { computed: "REBAKE_REPLICAS" as const },
      " at ",
      { computed: "REBAKE_PORT" as const },
    ];
    const target = await trial.deploy(
      {
        ports: [{ name: "http", target: 8080 }],
        env: env({ A: "1" }),
        files: [
          { path: "/etc/who", content, mode: "0644" },
          { path: "/etc/secret", content: [...content, " ", { secret: "v1" }], mode: "0600" },
          { path: "/etc/plain", content: [{ computed: "REBAKE_SERVICE" }], mode: "0644" },
        ],
      },
      { replicas: 2, secrets },
    );
    const read = async (id: string) =>
      (await trial.lab.exec(id, ["cat", "/etc/who", "/etc/secret", "/etc/plain"])).out;
    const seen = await Promise.all((await trial.containers(target.ref)).map(({ Id }) => read(Id)));
    const whole = (n: number) => `{${n}}{{x}} of 2 at 8080{${n}}{{x}} of 2 at 8080 {{.Task.ID}}orders`;
    expect(seen.sort()).to.deep.equal([whole(1), whole(2)]);
  }),
];
