import { expect } from "chai";
import { computedNames } from "../../../../src/domain/rendered-spec.js";
import type { Target } from "../../../../src/operations/driver.js";
import { env } from "../../fields/env.js";
import { Scene } from "../../fields/scene.js";
import { openCommand, type Trial } from "../trial.js";

const plain = {
  PLAIN: "1",
  EMPTY: "",
  EQUALS: "a=b==c",
  LINES: "one\ntwo\r\n\n",
  UNICODE: "пароль 🍞 \u0301é",
  REFERENCE: "$(PLAIN) $$(PLAIN) $$$(PLAIN) $(NONE) $( $) $ $$ $$$",
  TEMPLATE: "{{.Task.ID}} {{ env `X` }} }} {",
  QUOTES: `' " \` \\ $HOME $(id)`,
};
const { PLAIN: _, ...others } = plain;
const changed = { ...others, EMPTY: "no more", RENAMED: "1" };

const secrets = new Map([
  ["v1", "s3cr3t \n$(PLAIN) $$ 'ключ'\n\n"],
  ["v2", "an0ther"],
  ["v0", ""],
]);
const secret = (version: string) => [
  { name: "PASSWORD", value: [{ secret: version }] },
  { name: "URL", value: ["https://u:", { secret: version }, "@h/"] },
  { name: "NONE", value: [{ secret: "v0" }] },
];
const who = [
  { name: "WHO", value: ["$(", { computed: "REBAKE_INSTANCE" as const }, ") of $(PLAIN)"] },
  {
    name: "LOGIN",
    value: [{ secret: "v1" }, "/$(", { computed: "REBAKE_INSTANCE" as const }, ")", { secret: "v2" }],
  },
];

async function look(trial: Trial, target: Target) {
  const pod = await trial.pod(target);
  const about = await trial.about(target);
  const commandLine = (await trial.run(target, "cat", "/proc/1/cmdline")).split("\0").slice(0, -1);
  return { ...about, target, commandLine, name: pod.metadata!.name!, told: await trial.told(target) };
}

const some = (values: object, from: Record<string, string>) =>
  Object.fromEntries(Object.keys(values).map((name) => [name, from[name]]));

/** How the app is started, and with what. */
export const processScene = new Scene(async (trial: Trial) => {
  const first = await trial.deploy(
    {
      command: [...openCommand, "one $(REBAKE_SERVICE) $$"],
      args: ["x", " a b\n'\"", "", "$(PLAIN) $$(PLAIN)", "ключ"],
      workingDir: "/usr/share",
      env: [...env(plain), ...secret("v1"), ...who],
      ports: [
        { name: "admin-api", target: 8080 },
        { name: "dns", target: 53, protocol: "UDP" },
      ],
    },
    { secrets, recipe: "shop" },
  );
  const one = await look(trial, first);
  const second = await trial.rebuild(
    first,
    {
      command: null,
      args: [...openCommand, "two"],
      workingDir: "/made/for $(REBAKE_SERVICE)",
      env: [...env(changed), ...secret("v2")],
      ports: [{ name: "http", target: 8081 }],
    },
    { secrets, recipe: "shop $(2)" },
  );
  const two = await look(trial, second);
  const third = await trial.rebuild(second, { command: [...openCommand, "three"], args: null });
  return { one, two, three: await look(trial, third) };
})
  .shows("command", "is what the container's first process runs", ({ one, two, three }) => {
    expect(one.commandLine.slice(0, 4)).to.deep.equal([...openCommand, "one $(REBAKE_SERVICE) $$"]);
    expect(two.commandLine, "of the image").to.deep.equal([...openCommand, "two"]);
    expect(three.commandLine).to.deep.equal([...openCommand, "three"]);
  })
  .shows("args", "are what follows the command, or the image's entrypoint", ({ one, two, three }) => {
    expect(one.argv.slice(1)).to.deep.equal(["x", " a b\n'\"", "", "$(PLAIN) $$(PLAIN)", "ключ"]);
    expect(two.argv).to.deep.equal(["two"]);
    expect(three.argv).to.deep.equal(["three"]);
  })
  .shows("workingDir", "is where the app is started", ({ one, two, three }) => {
    expect(one.cwd).to.equal("/usr/share");
    expect(two.cwd).to.equal("/made/for $(REBAKE_SERVICE)");
    expect(three.cwd).to.equal("/");
  })
  .shows("env.name env.value", "reach the app as they are, whatever they hold", ({ one, two, three }) => {
    expect(some(plain, one.env)).to.deep.equal(plain);
    expect(some(changed, two.env)).to.deep.equal(changed);
    expect(two.env).not.to.have.property("PLAIN");
    expect(three.env).not.to.have.any.keys(Object.keys(changed));
  })
  .shows("env.value", "may have the name of each replica, also beside secrets", ({ one }) => {
    expect(one.env).to.include({
      REBAKE_INSTANCE: one.name,
      WHO: `$(${one.name}) of $(PLAIN)`,
      LOGIN: `${secrets.get("v1")}/$(${one.name})an0ther`,
    });
  })
  .shows(
    "env.value",
    "that are secret reach the app alone, and no description of it",
    ({ one, two, three }) => {
      expect(one.env).to.include({
        PASSWORD: secrets.get("v1"),
        URL: `https://u:${secrets.get("v1")}@h/`,
        NONE: "",
      });
      expect(two.env).to.include({ PASSWORD: "an0ther", URL: "https://u:an0ther@h/", NONE: "" });
      expect(three.env).not.to.have.any.keys("PASSWORD", "URL", "NONE");
      expect(one.told + two.told + three.told).not.to.match(/s3cr3t|an0ther|czNjcjN0|YW4wdGhlc/);
    },
  )
  .shows("env.value", "have all computed names, each as it is now", ({ one, two }) => {
    const computed = (all: Record<string, string>) =>
      Object.fromEntries(Object.entries(all).filter(([name]) => /^REBAKE_(?!SECRET_)/.test(name)));
    expect(computed(one.env)).to.deep.equal({
      REBAKE_ENVIRONMENT: "DEV",
      REBAKE_SERVICE: "orders",
      REBAKE_RECIPE: "shop",
      REBAKE_PORT: "8080",
      REBAKE_PORT_ADMIN_API: "8080",
      REBAKE_PORT_DNS: "53",
      REBAKE_BRANCH: "",
      REBAKE_COMMIT: "",
      REBAKE_INSTANCE: one.name,
      REBAKE_REPLICAS: "1",
      REBAKE_OPERATION: one.target.stamp.operationId,
      REBAKE_FILES: "",
    });
    expect(computed(one.env)).to.include.all.keys(Object.keys(computedNames));
    expect(computed(two.env)).to.include({
      REBAKE_RECIPE: "shop $(2)",
      REBAKE_PORT: "8081",
      REBAKE_PORT_HTTP: "8081",
      REBAKE_INSTANCE: two.name,
      REBAKE_OPERATION: two.target.stamp.operationId,
    });
    expect(computed(two.env)).not.to.have.any.keys("REBAKE_PORT_ADMIN_API", "REBAKE_PORT_DNS");
  });
