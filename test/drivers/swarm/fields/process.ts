import { expect } from "chai";
import { computedNames } from "../../../../src/domain/rendered-spec.js";
import { idle } from "../trial.js";
import { env, type FieldCase, field } from "./field.js";

const argv = (text: string) => text.split("\0").slice(0, -1);
const script = idle[2]!;

/** How the app is started, and with what. */
export const processFields: FieldCase[] = [
  field("command", "is what the container's first process runs", async (trial) => {
    const first = await trial.deploy({ command: ["sh", "-c", script, "one {{.Task.ID}}"] });
    expect(argv(await trial.run(first, "cat", "/proc/1/cmdline"))).to.deep.equal([
      ...idle,
      "one {{.Task.ID}}",
    ]);
    const second = await trial.rebuild(first, { command: ["sh", "-c", script, "two"] });
    expect(argv(await trial.run(second, "cat", "/proc/1/cmdline"))).to.deep.equal([...idle, "two"]);
    const own = await trial.rebuild(second, { command: null, args: null }, { image: trial.lab.nginx });
    expect(await trial.run(own, "cat", "/proc/1/cmdline")).to.include("nginx: master process");
  }),

  field("args", "are what follows the command, or the image's entrypoint", async (trial) => {
    const first = await trial.deploy({ command: ["sh", "-c"], args: [script, "x", " a b\n'\"", ""] });
    expect(argv(await trial.run(first, "cat", "/proc/1/cmdline"))).to.deep.equal([
      ...idle,
      "x",
      " a b\n'\"",
      "",
    ]);
    const second = await trial.rebuild(first, { command: null, args: [...idle, "y"] });
    expect(argv(await trial.run(second, "cat", "/proc/1/cmdline"))).to.deep.equal([...idle, "y"]);
    const none = await trial.rebuild(second, { args: null });
    expect(argv(await trial.run(none, "cat", "/proc/1/cmdline"))).to.deep.equal(idle);
  }),

  field("workingDir", "is where the app is started", async (trial) => {
    const first = await trial.deploy({ workingDir: "/usr/share" });
    expect(await trial.run(first, "readlink", "/proc/1/cwd")).to.equal("/usr/share\n");
    const second = await trial.rebuild(first, { workingDir: "/made/for it" });
    expect(await trial.run(second, "readlink", "/proc/1/cwd")).to.equal("/made/for it\n");
    const none = await trial.rebuild(second, { workingDir: null });
    expect(await trial.run(none, "readlink", "/proc/1/cwd")).to.equal("/\n");
  }),

  field("env.name env.value", "reach the app as they are, whatever they hold", async (trial) => {
    const values = {
      PLAIN: "1",
      EMPTY: "",
      EQUALS: "a=b==c",
      LINES: "one\ntwo\r\n\n",
      UNICODE: "пароль 🍞 \u0301é",
      TEMPLATE: "{{.Task.ID}} {{ env `X` }} }} {{{ {{{{ {{/* no */}} {{- - -}} {",
      BRACES: "{",
      QUOTES: `' " \` \\ $HOME $(id)`,
    };
    const first = await trial.deploy({ env: env(values) });
    const seen = await trial.environment(first);
    expect(Object.fromEntries(Object.keys(values).map((name) => [name, seen.get(name)]))).to.deep.equal(
      values,
    );
    const { PLAIN: _, ...rest } = values;
    const changed = { ...rest, EMPTY: "no more", RENAMED: "1" };
    const second = await trial.rebuild(first, { env: env(changed) });
    const now = await trial.environment(second);
    expect(Object.fromEntries(Object.keys(changed).map((name) => [name, now.get(name)]))).to.deep.equal(
      changed,
    );
    expect(now.has("PLAIN")).to.equal(false);
  }),

  field("env.value", "may have the number of each replica, also between braces", async (trial) => {
    const value = ["{", { computed: "REBAKE_INSTANCE" as const }, "} of {{x}}"];
    const target = await trial.deploy({ env: [{ name: "WHO", value }] }, { replicas: 2 });
    const found = await trial.containers(target.ref);
    const seen = await Promise.all(found.map(({ Id }) => trial.environment(target, Id)));
    expect(seen.map((one) => one.get("WHO")).sort()).to.deep.equal(["{1} of {{x}}", "{2} of {{x}}"]);
    expect(seen.map((one) => one.get("REBAKE_INSTANCE")).sort()).to.deep.equal(["1", "2"]);
  }),

  field("env.value", "that are secret reach the app alone, and no description of it", async (trial) => {
    const secrets = new Map([
      ["v1", "s3cr3t \n{{.Task.ID}} $HOME 'ключ'\n\n"],
      ["v2", "an0ther"],
      ["v0", ""],
    ]);
    const variables = (version: string) => [
      { name: "PASSWORD", value: [{ secret: version }] },
      { name: "URL", value: ["https://u:", { secret: version }, "@h/"] },
      { name: "NONE", value: [{ secret: "v0" }] },
    ];
    const first = await trial.deploy({ env: variables("v1") }, { secrets });
    const seen = await trial.environment(first);
    expect(seen.get("PASSWORD")).to.equal(secrets.get("v1"));
    expect(seen.get("URL")).to.equal(`https://u:${secrets.get("v1")}@h/`);
    expect(seen.get("NONE")).to.equal("");
    expect(argv(await trial.run(first, "cat", "/proc/1/cmdline"))).to.deep.equal(idle);
    const second = await trial.rebuild(first, { env: variables("v2") }, { secrets });
    expect((await trial.environment(second)).get("PASSWORD")).to.equal("an0ther");
    const own = await trial.rebuild(
      second,
      { env: variables("v2"), command: null },
      { secrets, image: trial.lab.nginx },
    );
    expect(await trial.run(own, "cat", "/proc/1/cmdline")).to.include("nginx: master process");
    for (const target of [own]) {
      const told = JSON.stringify([await trial.container(target), await trial.service(target.ref)]);
      expect(told).not.to.match(/s3cr3t|an0ther/);
    }
  }),

  field("env.value", "have all computed names, each as it is now", async (trial) => {
    const ports = [{ name: "admin-api", target: 8080 }];
    const first = await trial.deploy({ ports }, { replicas: 1, recipe: "shop" });
    const computed = async (target: typeof first) => {
      const seen = await trial.environment(target);
      return Object.fromEntries([...seen].filter(([name]) => /^REBAKE_/.test(name)));
    };
    expect(await computed(first)).to.deep.equal({
      REBAKE_ENVIRONMENT: "DEV",
      REBAKE_SERVICE: "orders",
      REBAKE_RECIPE: "shop",
      REBAKE_PORT: "8080",
      REBAKE_PORT_ADMIN_API: "8080",
      REBAKE_BRANCH: "",
      REBAKE_COMMIT: "",
      REBAKE_INSTANCE: "1",
      REBAKE_REPLICAS: "1",
      REBAKE_OPERATION: first.stamp.operationId,
      REBAKE_FILES: "",
    });
    expect(await computed(first)).to.include.all.keys(Object.keys(computedNames));
    const second = await trial.rebuild(
      first,
      { ports: [{ name: "http", target: 81 }] },
      { recipe: "shop {{2}}" },
    );
    const now = await computed(second);
    expect(now).to.include({
      REBAKE_RECIPE: "shop {{2}}",
      REBAKE_PORT: "81",
      REBAKE_PORT_HTTP: "81",
      REBAKE_OPERATION: second.stamp.operationId,
    });
    expect(now).not.to.have.property("REBAKE_PORT_ADMIN_API");
  }),

  field("labels.name labels.value", "are on the service and its containers", async (trial) => {
    const labels = [
      { name: "team", value: "shop {{.Task.ID}}" },
      { name: "empty", value: "" },
      { name: "traefik.http.routers.x.rule", value: "Host(`x`)" },
    ];
    const first = await trial.deploy({ labels });
    const expected = Object.fromEntries(labels.map(({ name, value }) => [name, value]));
    expect((await trial.service(first.ref)).Spec.Labels).to.deep.include(expected);
    expect((await trial.container(first)).Config.Labels).to.deep.include(expected);
    const second = await trial.rebuild(first, {
      labels: [
        { name: "team", value: "store" },
        { name: "added", value: "1" },
      ],
    });
    for (const found of [
      (await trial.service(second.ref)).Spec.Labels,
      (await trial.container(second)).Config.Labels,
    ]) {
      expect(found).to.include({ team: "store", added: "1" });
      expect(found).not.to.have.any.keys("empty", "traefik.http.routers.x.rule");
    }
  }),
];
