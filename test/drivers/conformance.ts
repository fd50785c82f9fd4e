import { createServer } from "node:net";
import { join } from "node:path";
import { expect } from "chai";
import { WebSocket } from "ws";
import type { RenderedSpec } from "../../src/domain/rendered-spec.js";
import { LeaseLost, OperationFailure } from "../../src/errors.js";
import type { Outcome, ServiceRef, StepName, Target } from "../../src/operations/driver.js";
import { appSource, daemonSource } from "./app-fixture.js";
import {
  Bench,
  type DriverRow,
  healthProbe,
  livingIn,
  newRef,
  quick,
  Recorder,
  specOf,
  targetOf,
  until,
} from "./bench.js";
import { GitFixture, packageWithWs } from "./git-fixture.js";
import { Load } from "./load.js";

type Fields = Parameters<typeof specOf>[0];

/** What all drivers owe: every case runs for every row. */
export function conformance(row: DriverRow): void {
  describe(`driver conformance: ${row.name}`, () => {
    let bench: Bench;
    let repository: GitFixture;
    let first: string;
    let second: string;
    let broken: Record<string, string>;
    const refs: ServiceRef[] = [];

    before(async () => {
      bench = await Bench.open(row);
      repository = await GitFixture.create(join(bench.home, "repository"));
      const app = await packageWithWs();
      first = await repository.commit({
        ...app,
        "server.mjs": appSource("one"),
        "daemon.mjs": daemonSource(),
      });
      second = await repository.commit({ "server.mjs": appSource("two") });
      await repository.git("checkout", "--quiet", "-b", "broken");
      await repository.git("rm", "--quiet", "package-lock.json");
      broken = {
        dependency: await repository.commit({
          "package.json": JSON.stringify({
            name: "a",
            version: "1.0.0",
            dependencies: { "@rebake-test/there-is-no-such-package": "1.0.0" },
          }),
        }),
        json: await repository.commit({ "package.json": "{ not json" }),
        script: await repository.commit({
          "package.json": JSON.stringify({
            name: "a",
            version: "1.0.0",
            scripts: { postinstall: "echo about to fail; exit 7", start: "node server.mjs" },
          }),
        }),
        missing: "",
      };
      await repository.git("rm", "--quiet", "package.json");
      broken.missing = await repository.commit({ readme: "no package.json" });
      await repository.git("checkout", "--quiet", "main");
    });

    after(() => bench.close());

    afterEach(async () => {
      for (const ref of refs.splice(0)) {
        await bench.driver.remove(ref, new Recorder());
      }
    });

    const ref = (): ServiceRef => {
      const made = newRef();
      refs.push(made);
      return made;
    };
    const source = (path: string | null = null) => ({
      repository: repository.url,
      branch: "main",
      commit: null,
      path,
      credential: null,
    });
    const app = (fields: Fields = {}): RenderedSpec =>
      bench.driver.project(
        specOf({
          source: source(),
          command: ["node", "server.mjs"],
          ports: [{ name: "http", target: 3000, published: null }],
          readiness: healthProbe,
          rollout: quick,
          ...fields,
        }),
      ).spec;
    const env = (values: Record<string, string>) =>
      Object.entries(values).map(([name, value]) => ({ name, value: [value] }));
    const replace = (current: Target | null, target: Target, report = new Recorder()): Promise<Outcome> =>
      bench.driver.replace(current, target, report);
    const deploy = async (target: Target): Promise<Target> => {
      expect(await replace(null, target)).to.have.property(
        "verdict",
        target.spec.readiness ? "SUCCEEDED" : "UNPROVEN",
      );
      return target;
    };
    const version = async (of: ServiceRef) => (await bench.json(of, "/about")).version;
    /** The new one must fail with that code and the old one answer as before. */
    const failsWith = async (code: string, spec: RenderedSpec, commit: string): Promise<Outcome> => {
      const service = ref();
      const old = await deploy(targetOf(service, app(), { commit: first }));
      const { pid } = await bench.json(service, "/about");
      const outcome = await replace(old, targetOf(service, spec, { commit }));
      expect(outcome.verdict).to.equal("FAILED");
      expect(outcome.cause, outcome.cause?.message).to.have.property("code", code);
      expect((await bench.json(service, "/about")).pid).to.equal(pid);
      const observed = await bench.driver.inspect(service);
      expect(observed.operationId).to.equal(old.stamp.operationId);
      expect(observed.tasks).to.have.length(1);
      return outcome;
    };

    it("deploys and reports every step", async () => {
      const report = new Recorder();
      const target = targetOf(ref(), app({ command: null }), { commit: first });
      expect(await replace(null, target, report)).to.deep.equal({ verdict: "SUCCEEDED", cause: null });
      expect(report.summary()).to.deep.equal([
        "FETCH_SOURCE DONE",
        "INSTALL DONE",
        "START DONE",
        "READY DONE",
        "CUT_OVER DONE",
        "TERMINATE_OLD SKIPPED",
      ]);
      const observed = await bench.driver.inspect(target.ref);
      expect(observed.state).to.equal("RUNNING");
      expect(observed.fingerprint).to.equal(target.fingerprint);
      expect(await version(target.ref)).to.equal("one");
      expect(
        report.lines.some(({ line, instance }) => instance === 1 && line.includes("listening")),
      ).to.equal(true);
    });

    it("applies every field it projects", async () => {
      process.env.SERVER_SECRET = "of the server";
      const service = ref();
      const spec = app({
        command: ["node"],
        args: ["../server.mjs", "--flag=a=b"],
        workingDir: "folder",
        env: [
          { name: "PLAIN", value: ["a=b=c"] },
          { name: "TOKEN", value: ["Bearer ", { secret: "s1" }] },
          { name: "WHERE", value: [{ computed: "REBAKE_ENVIRONMENT" }, "/", { computed: "REBAKE_SERVICE" }] },
          { name: "ADMIN", value: [{ computed: "REBAKE_PORT_ADMIN_UI" }] },
        ],
        files: [{ path: "/etc/app.conf", content: ["key=", { secret: "s1" }], mode: "0600" }],
        ports: [
          { name: "http", target: 3000, published: null },
          { name: "admin-ui", target: 3001, published: row.ports.to },
        ],
      });
      const folder = await repository.commit({ "folder/keep": "" });
      const secrets = new Map([["s1", "hush hush"]]);
      const report = new Recorder();
      expect(
        await replace(null, targetOf(service, spec, { commit: folder, secrets }), report),
      ).to.have.property("verdict", "SUCCEEDED");
      const seen = await bench.json(service, "/env");
      expect(seen).to.include({
        PLAIN: "a=b=c",
        TOKEN: "Bearer hush hush",
        WHERE: "DEV/orders",
        REBAKE_COMMIT: folder,
        REBAKE_INSTANCE: "1",
        REBAKE_BRANCH: "main",
      });
      expect(seen.ADMIN).to.match(/^\d+$/).and.equal(seen.REBAKE_PORT_ADMIN_UI);
      expect(seen).not.to.have.property("SERVER_SECRET");
      const about = await bench.json(service, "/about");
      expect(about.cwd).to.match(/folder$/);
      expect(about.argv).to.deep.equal(["--flag=a=b"]);
      expect((await bench.json(service, "/file?path=/etc/app.conf")).text).to.equal("key=hush hush");
      const { ports } = await bench.driver.inspect(service);
      expect(ports.map(({ name, published }) => [name, name === "http" ? 0 : published])).to.deep.equal([
        ["http", 0],
        ["admin-ui", row.ports.to],
      ]);
      expect(JSON.stringify([report.lines, report.steps])).not.to.include("hush hush");
    });

    it("names what it does not apply", () => {
      const image = { prefix: null, name: "node", tag: "20", pullPolicy: "NEVER" as const, credential: null };
      const { spec, ignored } = bench.driver.project(
        specOf({
          image,
          workingDir: "/srv",
          networks: ["back"],
          resources: { memory: 5_000_000, cpus: null },
        }),
      );
      expect(ignored).to.deep.equal(["image", "networks", "resources.memory", "workingDir"]);
      expect(spec).to.include({ image: null, workingDir: null, resources: null });
      expect(bench.driver.project(spec)).to.deep.equal({ spec, ignored: [] });
    });

    it("serves from the old one until the new one is ready, under load", async () => {
      const service = ref();
      const old = await deploy(targetOf(service, app(), { commit: first, replicas: 2 }));
      const url = await bench.url(service);
      const load = new Load(url);
      load.begin();
      const slow = fetch(`${url}/slow?ms=3000`).then((response) => response.text());
      const socket = new WebSocket(url.replace("http", "ws"));
      const messages: string[] = [];
      socket.on("message", (data) => messages.push(data.toString()));
      const closed = new Promise<number>((resolve) => socket.once("close", resolve));
      await until("the socket is open", () => messages.length === 1);
      const replaced = replace(old, targetOf(service, app(), { commit: second, replicas: 2 }));
      await until("the new one answers", async () => (await (await fetch(url)).text()) === "two");
      socket.send("still there?");
      await until("an answer of the old one", () => messages.includes("still there?"));
      expect(await replaced).to.have.property("verdict", "SUCCEEDED");
      expect(await slow).to.equal("one");
      expect(await closed).to.equal(1001);
      const result = await load.end();
      expect(result.failures).to.deep.equal([]);
      expect(result.count).to.be.greaterThan(200);
    });

    it("rebuilds with new code only", async () => {
      const service = ref();
      const old = await deploy(targetOf(service, app(), { commit: first }));
      const url = await bench.url(service);
      const report = new Recorder();
      await replace(old, targetOf(service, app(), { commit: second }), report);
      expect(await version(service)).to.equal("two");
      expect(await bench.url(service)).to.equal(url);
      expect(report.steps.find(({ step, state }) => step === "INSTALL" && state === "DONE")?.detail).to.equal(
        "from cache",
      );
    });

    it("runs three replicas at one commit and balances over them", async () => {
      const service = ref();
      await deploy(targetOf(service, app(), { commit: second, replicas: 3 }));
      const seen = await Promise.all(Array.from({ length: 12 }, () => bench.json(service, "/about")));
      expect(new Set(seen.map(({ instance }) => instance))).to.deep.equal(new Set(["1", "2", "3"]));
      expect(new Set(seen.map(({ commit }) => commit))).to.deep.equal(new Set([second]));
    });

    it("fails when the repository is not there", () =>
      failsWith(
        "REPOSITORY_UNREACHABLE",
        app({ source: { ...source(), repository: `file://${bench.home}/nowhere` } }),
        first,
      ));
    it("fails when the commit is not there", () => failsWith("REF_NOT_FOUND", app(), "1".repeat(40)));
    it("fails when a dependency does not exist", () =>
      failsWith("DEPENDENCY_NOT_FOUND", app(), broken.dependency!));
    it("fails when package.json is no JSON", () => failsWith("PACKAGE_JSON_INVALID", app(), broken.json!));
    it("fails when npm start has no package.json", () =>
      failsWith("PACKAGE_JSON_MISSING", app({ command: null }), broken.missing!));
    it("fails when an install script fails", async () => {
      const { cause } = await failsWith("INSTALL_FAILED", app(), broken.script!);
      expect(cause!.lastLines.join("\n")).to.include("about to fail");
    });
    it("fails when the command is not there", () =>
      failsWith("COMMAND_NOT_FOUND", app({ command: ["no-such-program"] }), first));
    it("fails when the app crashes at its start", async () => {
      const { cause } = await failsWith("APP_EXITED", app({ env: env({ MODE: "crash" }) }), second);
      expect(cause).to.include({ exitCode: 3 });
      expect(cause!.lastLines).to.include("boom: no database");
    });
    it("fails when the app never listens", async () => {
      const { cause } = await failsWith(
        "NOT_LISTENING",
        app({ env: env({ MODE: "silent" }), rollout: { ...quick, deadline: 2 } }),
        second,
      );
      expect(cause!.message).to.include("$REBAKE_PORT");
    });
    it("fails when the probe gets a 500", async () => {
      const { cause } = await failsWith(
        "PROBE_FAILED",
        app({ env: env({ MODE: "500" }), rollout: { ...quick, deadline: 2 } }),
        second,
      );
      expect(cause!.message).to.include("GET /health answered 500");
    });
    it("fails when a step takes longer than its deadline", async () => {
      await repository.git("checkout", "--quiet", "broken");
      const hanging = await repository.commit({
        "package.json": JSON.stringify({
          name: "a",
          version: "1.0.0",
          scripts: { preinstall: "sleep 1000" },
        }),
      });
      await failsWith("DEADLINE_EXCEEDED", app({ rollout: { ...quick, deadline: 3 } }), hanging);
      await repository.git("checkout", "--quiet", "main");
    });
    it("fails when the published port is taken", async () => {
      const squatter = createServer().listen(row.ports.to - 1, "127.0.0.1");
      try {
        await failsWith(
          "PORT_TAKEN",
          app({ ports: [{ name: "http", target: 3000, published: row.ports.to - 1 }] }),
          first,
        );
      } finally {
        squatter.close();
      }
    });

    it("ends an app that ignores SIGTERM, and what it started", async () => {
      const service = ref();
      const old = await deploy(
        targetOf(service, app({ env: env({ MODE: "stubborn", GRANDCHILD: "stubborn" }) }), { commit: first }),
      );
      const pid = Number((await bench.json(service, "/about")).pid);
      await replace(old, targetOf(service, app(), { commit: second }));
      expect(livingIn(pid)).to.deep.equal([]);
      expect(await version(service)).to.equal("two");
    });

    it("switches back when the new one crashes after the cut-over", async () => {
      const service = ref();
      const old = await deploy(targetOf(service, app(), { commit: first }));
      const url = await bench.url(service);
      const load = new Load(url, ["/health"]);
      load.begin();
      const spec = app({ env: env({ MODE: "crash-later" }), rollout: { ...quick, monitor: 5 } });
      const outcome = await replace(old, targetOf(service, spec, { commit: second }));
      expect(outcome.verdict).to.equal("ROLLED_BACK");
      expect(outcome.cause).to.include({ code: "APP_EXITED", exitCode: 4 });
      expect(await version(service)).to.equal("one");
      expect((await bench.driver.inspect(service)).tasks).to.have.length(1);
      await load.end();
    });

    for (const at of ["FETCH_SOURCE", "INSTALL", "START", "READY", "CUT_OVER"] satisfies StepName[]) {
      it(`leaves the old one alone when cancelled at ${at}`, async () => {
        const service = ref();
        const old = await deploy(targetOf(service, app(), { commit: first }));
        const { pid } = await bench.json(service, "/about");
        const report = new Recorder(({ step, state }, recorder) => {
          if (step === at && state === "RUNNING") {
            recorder.abort(new OperationFailure("CANCELLED_BY_USER", "Somebody cancelled it."));
          }
        });
        const outcome = await replace(old, targetOf(service, app(), { commit: second }), report);
        expect(outcome.verdict).to.equal("CANCELLED");
        expect(outcome.cause?.code).to.equal("CANCELLED_BY_USER");
        expect((await bench.json(service, "/about")).pid).to.equal(pid);
        expect((await bench.driver.inspect(service)).tasks).to.have.length(1);
        expect(report.steps.at(-1)).to.include({ step: at, state: "FAILED" });
      });
    }

    it("switches back when cancelled while the old one drains", async () => {
      const service = ref();
      const old = await deploy(targetOf(service, app(), { commit: first }));
      const report = new Recorder();
      const spec = app({ rollout: { ...quick, monitor: 60 } });
      const replaced = replace(old, targetOf(service, spec, { commit: second }), report);
      await until("the new one serves", async () => (await version(service)) === "two");
      report.abort(new OperationFailure("CANCELLED_BY_USER", "Somebody cancelled it."));
      expect(await replaced).to.have.property("verdict", "CANCELLED");
      expect(await version(service)).to.equal("one");
    });

    it("goes through with it when cancelled after the old one began to end", async () => {
      const service = ref();
      const old = await deploy(targetOf(service, app(), { commit: first }));
      const report = new Recorder(({ step }, recorder) => {
        if (step === "TERMINATE_OLD") {
          recorder.abort(new OperationFailure("CANCELLED_BY_USER", "Somebody cancelled it."));
        }
      });
      expect(await replace(old, targetOf(service, app(), { commit: second }), report)).to.have.property(
        "verdict",
        "SUCCEEDED",
      );
      expect(await version(service)).to.equal("two");
    });

    it("disposes of the new one and rejects when the lease is lost", async () => {
      const service = ref();
      const old = await deploy(targetOf(service, app(), { commit: first }));
      const report = new Recorder(({ step }) => {
        if (step === "READY") {
          throw new LeaseLost("opn_x");
        }
      });
      const target = targetOf(service, app(), { commit: second });
      const error = await replace(old, target, report).catch((reason: unknown) => reason);
      expect(error).to.be.instanceOf(LeaseLost);
      expect(await version(service)).to.equal("one");
      expect(await replace(old, target)).to.have.property("verdict", "SUCCEEDED");
      expect(await replace(old, target)).to.have.property("verdict", "SUCCEEDED");
      expect(await version(service)).to.equal("two");
    });

    it("stops the old one first when told to, and starts it again when the new one fails", async () => {
      const service = ref();
      const rollout = { ...quick, order: "STOP_FIRST" as const };
      const old = await deploy(targetOf(service, app({ rollout }), { commit: first }));
      const failed = await replace(
        old,
        targetOf(service, app({ rollout, env: env({ MODE: "crash" }) }), { commit: second }),
      );
      expect(failed.verdict).to.equal("ROLLED_BACK");
      expect(await version(service)).to.equal("one");
      const two = targetOf(service, app({ rollout }), { commit: second });
      expect(await replace(old, two)).to.have.property("verdict", "SUCCEEDED");
      expect(await version(service)).to.equal("two");
    });

    it("says UNPROVEN without a probe", async () => {
      const service = ref();
      await deploy(targetOf(service, app({ readiness: null }), { commit: first }));
      expect(await version(service)).to.equal("one");
    });

    it("runs a daemon without ports", async () => {
      const service = ref();
      const daemon = {
        command: ["node", "daemon.mjs"],
        ports: [],
        readiness: null,
        rollout: { ...quick, monitor: 1 },
      };
      await deploy(targetOf(service, app(daemon), { commit: first }));
      const observed = await bench.driver.inspect(service);
      expect(observed).to.include({ state: "RUNNING" });
      expect(observed.ports).to.deep.equal([]);
      const crashing = app({ ...daemon, env: env({ MODE: "crash" }) });
      const outcome = await replace(null, targetOf(service, crashing, { commit: second }));
      expect(outcome).to.have.property("verdict", "FAILED");
      expect(outcome.cause).to.include({ code: "APP_EXITED", exitCode: 5 });
    });

    it("restarts an instance that crashes, with back-off, visibly", async () => {
      const service = ref();
      await deploy(targetOf(service, app(), { commit: first }));
      const url = await bench.url(service);
      await fetch(`${url}/exit?code=9`);
      const task = await until("it backs off", async () => {
        const [one] = (await bench.driver.inspect(service)).tasks;
        return one?.state === "BACKING_OFF" ? one : null;
      });
      expect(task.message).to.include("exit code 9");
      expect(await (await fetch(url)).json()).to.include({ code: "NOT_READY" });
      await until("it runs again", async () => (await bench.driver.inspect(service)).state === "RUNNING");
      expect((await bench.driver.inspect(service)).tasks[0]!.restarts).to.equal(1);
      expect(await version(service)).to.equal("one");
    });

    it("hands out logs and follows them", async () => {
      const service = ref();
      await deploy(targetOf(service, app(), { commit: first }));
      const url = await bench.url(service);
      await fetch(`${url}/print?line=one%0atwo`);
      await fetch(`${url}/print?line=${"x".repeat(15_000)}`);
      const stop = new AbortController();
      const seen: string[] = [];
      const reading = (async () => {
        for await (const { line, stream, instance } of bench.driver.logs(service, {
          tail: 10,
          follow: true,
          signal: stop.signal,
        })) {
          seen.push(`${instance} ${stream} ${line}`);
        }
      })();
      await until("what was printed before", () => seen.includes("1 stdout two"));
      await fetch(`${url}/print?line=three`);
      await until("what is printed now", () => seen.includes("1 stdout three"));
      stop.abort();
      await reading;
      expect(seen.filter((line) => line === "1 stdout one")).to.have.length(1);
      const tail: string[] = [];
      for await (const { line } of bench.driver.logs(service, {
        tail: 1,
        follow: false,
        signal: stop.signal,
      })) {
        tail.push(line);
      }
      expect(tail).to.deep.equal(["three"]);
    });

    it("tells who listens that a service has changed", async () => {
      const service = ref();
      const changed: string[] = [];
      bench.driver.onChange(({ serviceId }) => changed.push(serviceId));
      await deploy(targetOf(service, app(), { commit: first }));
      expect(changed).to.include(service.serviceId);
      bench.driver.onChange(() => undefined);
    });

    it("leaves nothing behind when it removes a service", async () => {
      const service = ref();
      await deploy(targetOf(service, app({ env: env({ GRANDCHILD: "1" }) }), { commit: first }));
      const pid = Number((await bench.json(service, "/about")).pid);
      const url = await bench.url(service);
      expect(await bench.driver.remove(service, new Recorder())).to.have.property("verdict", "SUCCEEDED");
      expect(livingIn(pid)).to.deep.equal([]);
      const refused = await fetch(url).catch((error: unknown) => error);
      expect(refused).to.be.instanceOf(Error);
      expect(await bench.driver.inspect(service)).to.include({ state: "STOPPED", operationId: null });
      expect(await bench.driver.remove(service, new Recorder())).to.have.property("verdict", "SUCCEEDED");
    });

    it("says what it is and cannot do", async () => {
      const health = await bench.driver.check("env_x");
      expect(health).to.include({ reachable: true, nodes: 1, error: null });
      expect(health.version).to.match(/node \d+.*npm \d+.*git \d+/);
    });
  });
}
