import { execFileSync } from "node:child_process";
import { expect } from "chai";
import { childEnvironment } from "../../../src/drivers/process/environment.js";
import { specOf, targetOf } from "../bench.js";

const ref = { serviceId: "svc_1", environmentId: "env_1", environment: "DEV", name: "orders", adopted: null };
const facts = { instance: 2, ports: new Map([["http", 4321]]), files: "/files" };

describe("the environment of an app", () => {
  it("holds every value to the last character, whatever the variable is called", () => {
    const values: [string, string][] = [
      ["EQUALS", "a=b=c="],
      ["LINES", "one\ntwo\r\nthree\n"],
      ["WORDS", "Привет 😀 \\ \"'` $HOME"],
      ["EMPTY", ""],
      ["__proto__", "a name like any other"],
      ["constructor", "another"],
    ];
    const spec = specOf({ env: values.map(([name, value]) => ({ name, value: value ? [value] : [] })) });
    const env = childEnvironment(targetOf(ref, spec), facts);
    const program = "process.stdout.write(JSON.stringify(Object.entries(process.env)))";
    const seen = new Map(
      JSON.parse(execFileSync(process.execPath, ["-e", program], { env, encoding: "utf8" })) as [
        string,
        string,
      ][],
    );
    expect(values.map(([name]) => [name, seen.get(name)])).to.deep.equal(values);
  });

  it("has nothing of the server's own but what finds programs", () => {
    process.env.REBAKE_SECRET_KEY_TEST = "not for apps";
    try {
      const env = childEnvironment(targetOf(ref, specOf({})), facts);
      const known = /^(PATH|HOME|LANG|TMPDIR|TZ|REBAKE_[A-Z_]+)$/;
      expect(Object.keys(env).filter((name) => !known.test(name))).to.deep.equal([]);
      expect(Object.values(env)).not.to.include("not for apps");
      expect(env.REBAKE_PORT_HTTP).to.equal("4321");
    } finally {
      delete process.env.REBAKE_SECRET_KEY_TEST;
    }
  });
});
