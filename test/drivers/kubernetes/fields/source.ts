import { expect } from "chai";
import type { Target } from "../../../../src/operations/driver.js";
import { env } from "../../fields/env.js";
import { gitCredential, repositories } from "../../fields/repositories.js";
import { Scene } from "../../fields/scene.js";
import { hostAddress } from "../lab.js";
import { openApp } from "../open-app.js";
import type { Fields, Trial } from "../trial.js";
import { exec, http, probesOf, restarted, tcp } from "./probes.js";

const serverOf = (version: string) => `globalThis.version = ${JSON.stringify(version)};\n${openApp}`;
const secrets = new Map([["v1", "s3cr3t\n$(X)"]]);
const check = 'test -e keep && test "${#PASSWORD}" = 11 && test -z "$REBAKE_JOB"';

async function look(trial: Trial, target: Target) {
  const pod = await trial.pod(target);
  const spread = ["sh", "-c", 'grep -rlF "$0" /rebake /tmp /root /proc/1/environ', gitCredential.password];
  return {
    ...(await trial.about(target)),
    ...{ pod: pod.spec!, probes: await probesOf(trial, target), told: await trial.told(target) },
    leaks: (await trial.attempt(target, ...spread)).out,
    gitFolder: (await trial.attempt(target, "ls", "/rebake/git")).code,
  };
}

/** Apps that are made from a repository, with what the recipe says of how they are found well. */
export const sourceScene = new Scene(async (trial: Trial) => {
  const { url, app: repository, publish } = await repositories(trial, hostAddress);
  const commits = [await repository.commit({ "server.cjs": serverOf("one"), "in/deep/keep": "" })];
  await repository.git("checkout", "--quiet", "-b", "next/two");
  commits.push(
    await repository.commit({
      "shop/server.cjs": serverOf("two"),
      "shop/package.json": JSON.stringify({ name: "shop", scripts: { start: "node server.cjs" } }),
    }),
  );
  await publish();
  const fields = (source: object, rest: Fields): Fields => ({
    source: {
      ...{ repository: `${url}/app`, branch: "main", commit: null, path: null, credential: "git" },
      ...source,
    },
    ports: [{ name: "http", target: 3000 }],
    ...rest,
  });
  const first = await trial.deploy(
    fields(
      {},
      {
        command: ["node"],
        args: ["../../server.cjs", "$(X) $$"],
        workingDir: "in/deep",
        env: [...env({ OPEN: "$(x)" }), { name: "PASSWORD", value: [{ secret: "v1" }] }],
        readiness: http("/204"),
        liveness: exec("sh", "-c", check),
      },
    ),
    { commit: commits[0]!, gitCredential, secrets },
  );
  const one = await look(trial, first);
  await restarted(trial, first, () => trial.run(first, "rm", "keep"));
  // Or else it would be started anew again and again.
  await trial.run(first, "touch", "keep");
  const again = await trial.about(first);
  const wrong = { ...gitCredential, password: "n0t-it" };
  const unread = trial.target(first.ref, first.spec, { commit: commits[1]!, gitCredential: wrong, secrets });
  const refused = await trial.fails("REPOSITORY_UNREACHABLE", first, unread);
  const second = await trial.rebuild(
    first,
    fields(
      { branch: "next/two", path: "shop" },
      { command: null, readiness: exec("test", "-e", "server.cjs"), liveness: tcp() },
    ),
    { commit: commits[1]!, gitCredential },
  );
  const two = await look(trial, second);
  const third = await trial.rebuild(
    second,
    fields(
      { commit: commits[0] },
      { command: ["node", "server.cjs"], readiness: tcp(), liveness: http("/") },
    ),
    { commit: commits[0]!, gitCredential },
  );
  const three = await look(trial, third);
  return { commits, one, again, two, three, refused, told: await trial.told(third) };
})
  .shows("source.repository source.branch", "are where the app comes from", ({ commits, one, two }) => {
    expect(one.version).to.equal("one");
    expect(one.env).to.include({ REBAKE_COMMIT: commits[0], REBAKE_BRANCH: "main", REBAKE_PORT: "3000" });
    expect(two.version).to.equal("two");
    expect(two.env).to.include({ REBAKE_COMMIT: commits[1], REBAKE_BRANCH: "next/two" });
  })
  .shows("source.commit", "is what runs, whatever its branch has by now", ({ commits, three }) => {
    expect(three.version).to.equal("one");
    expect(three.env).to.include({ REBAKE_COMMIT: commits[0] });
  })
  .shows("source.path", "is the folder of the app in its repository", ({ two, three }) => {
    expect(two.cwd).to.match(/\/shop$/);
    expect(three.cwd).not.to.match(/\/shop$/);
  })
  .shows("command args", "are started in what was prepared, or else `npm start`", ({ one, two }) => {
    expect(one.argv.slice(1)).to.deep.equal(["$(X) $$"]);
    expect(two.argv.slice(1)).to.deep.equal([]);
  })
  .shows("workingDir", "is a folder of the source", ({ one, again }) => {
    expect(one.cwd).to.match(/\/in\/deep$/);
    expect(again.cwd).to.equal(one.cwd);
  })
  .shows("env.value", "reaches what the deployer starts, without what that was told", ({ one, two }) => {
    expect(one.env).to.include({ OPEN: "$(x)", PASSWORD: secrets.get("v1") });
    expect(one.env).not.to.have.property("REBAKE_JOB");
    expect(two.env).not.to.have.any.keys("OPEN", "PASSWORD");
  })
  .shows("source.credential", "opens the repository, and only what fetches sees it", (seen) => {
    for (const { leaks, gitFolder, pod } of [seen.one, seen.two, seen.three]) {
      expect(leaks).to.equal("");
      expect(gitFolder).not.to.equal(0);
      const mounts = (containers = pod.containers) =>
        JSON.stringify(containers.map((one) => one.volumeMounts));
      expect(mounts(pod.initContainers)).to.include("/rebake/git");
      expect(mounts()).not.to.include("/rebake/git");
    }
    expect(seen.refused).to.match(/cannot|refused|denied|password|[Aa]uthentication/);
    expect(seen.one.told + seen.two.told + seen.told).not.to.match(/t0ken-of-git|n0t-it|s3cr3t/);
  })
  .shows(
    "readiness.httpGet.path readiness.exec.command readiness.tcp.port",
    "find what the deployer starts",
    (seen) => {
      expect(seen.one.probes.readiness!.httpGet).to.deep.include({ path: "/204", port: 3000 });
      expect(seen.two.probes.readiness!.exec).to.have.property("command");
      expect(seen.three.probes.readiness!.tcpSocket).to.deep.include({ port: 3000 });
    },
  )
  .shows(
    "liveness.httpGet.path liveness.exec.command liveness.tcp.port",
    "have it started anew where it is",
    (seen) => {
      expect(seen.again.version).to.equal("one");
      expect(seen.two.probes.liveness!.tcpSocket).to.deep.include({ port: 3000 });
      expect(seen.three.probes.liveness!.httpGet).to.deep.include({ path: "/", port: 3000 });
    },
  );
