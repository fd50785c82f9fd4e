import { expect } from "chai";
import { EngineRefusal } from "../../../src/drivers/engine/answers.js";
import { TaskReports } from "../../../src/drivers/engine/task-reports.js";
import { causeOf, type Evidence, notReady, refused } from "../../../src/drivers/swarm/failures.js";
import { specOf } from "../bench.js";
import { taskOf } from "./task-fixture.js";

const source = {
  repository: "https://git.example.com/app.git",
  branch: "main",
  commit: null,
  path: null,
  credential: null,
};
const evidence = (facts: Partial<Evidence> = {}): Evidence => ({
  reports: new TaskReports("n", { isMine: () => true, tell: () => {}, changed: () => {} }),
  number: 2,
  container: null,
  spec: specOf({ ports: [{ name: "http", target: 80 }] }),
  image: "registry.example.com/shop:1",
  ...facts,
});
const failed = (Err: string, ExitCode?: number) =>
  taskOf("opn", "failed", {
    status: { Err, ...(ExitCode !== undefined && { ContainerStatus: { ExitCode } }) },
  });

/** What engines of version 20.10 say, and what it means. */
const sayings: [says: string, exitCode: number | undefined, code: string][] = [
  ["No such image: registry.example.com/shop:1", undefined, "IMAGE_NOT_FOUND"],
  [
    'starting container failed: OCI runtime create failed: exec: "node": executable file not found in $PATH: unknown',
    127,
    "COMMAND_NOT_FOUND",
  ],
  [
    "starting container failed: driver failed programming external connectivity: listen tcp4 0.0.0.0:80: bind: address already in use",
    128,
    "PORT_TAKEN",
  ],
  ["no suitable node (host-mode port already in use on 1 node)", undefined, "PORT_TAKEN"],
  ["no suitable node (scheduling constraints not satisfied on 1 node)", undefined, "NO_SUITABLE_NODE"],
  ["write /x: no space left on device", undefined, "DISK_FULL"],
  ["task: non-zero exit (137): dockerexec: unhealthy container", 137, "PROBE_FAILED"],
  ["task: non-zero exit (3)", 3, "APP_EXITED"],
  ["something else altogether", undefined, "ENGINE_REFUSED"],
];

describe("why a task on a swarm failed", () => {
  for (const [says, exitCode, code] of sayings) {
    it(`is ${code} when the engine says "${says.slice(0, 60)}"`, () => {
      const { cause } = causeOf(failed(says, exitCode), evidence());
      expect(cause).to.include({ code, exitCode: exitCode ?? null });
      expect(cause.message).to.match(/nstance 2/);
    });
  }

  it("says that an image without node cannot run a source", () => {
    const spec = specOf({ source });
    const { cause } = causeOf(
      failed('exec: "node": executable file not found in $PATH: unknown', 127),
      evidence({ spec }),
    );
    expect(cause.message).to.contain("needs an image with node, npm and git");
  });

  it("is its memory when its container says so, or when it was killed out of sight with a limit", () => {
    const spec = specOf({ resources: { memory: 64 << 20, cpus: null } });
    const killed = failed("task: non-zero exit (137)", 137);
    expect(
      causeOf(killed, evidence({ container: { oomKilled: true, unhealthy: false, lastProbe: null } })).cause
        .code,
    ).to.equal("OUT_OF_MEMORY");
    expect(causeOf(killed, evidence({ spec })).cause.code).to.equal("OUT_OF_MEMORY");
    expect(
      causeOf(killed, evidence({ spec, container: { oomKilled: false, unhealthy: false, lastProbe: null } }))
        .cause.code,
    ).to.equal("APP_EXITED");
    expect(causeOf(killed, evidence()).cause.code).to.equal("APP_EXITED");
  });

  it("is its probe when its container was not well, though it ended well when it was told to", () => {
    const ended = taskOf("opn", "complete", { status: { ContainerStatus: { ExitCode: 0 } } });
    const container = { oomKilled: false, unhealthy: true, lastProbe: "GET / answered 500" };
    const { cause } = causeOf(ended, evidence({ container }));
    expect(cause).to.include({ code: "PROBE_FAILED", exitCode: 0 });
    expect(cause.message).to.include("(GET / answered 500)");
    expect(
      causeOf(ended, evidence({ container: { ...container, lastProbe: "ECONNREFUSED" } })).cause.code,
    ).to.equal("NOT_LISTENING");
  });

  it("is what the deployer reported, before anything the engine says", () => {
    const task = failed("task: non-zero exit (1)", 1);
    const found = evidence();
    const report = {
      step: "INSTALL",
      state: "FAILED",
      cause: {
        code: "DEPENDENCY_NOT_FOUND",
        message: "no such package",
        exitCode: 1,
        lastLines: ["npm error"],
      },
    };
    found.reports.add({
      stamp: "1",
      taskId: task.ID,
      stream: "stdout",
      line: `@@rebake:n@@ ${JSON.stringify(report)}`,
    });
    expect(causeOf(task, found).cause).to.deep.equal({
      ...report.cause,
      message: "Instance 2: no such package",
    });
  });

  it("tells one that does not listen from one whose probe fails, and from one that was not begun", () => {
    const starting = taskOf("opn", "starting");
    const probed = (lastProbe: string) =>
      evidence({ container: { oomKilled: false, unhealthy: false, lastProbe } });
    expect(notReady(starting, 9, probed("nothing listens on port 80")).cause.code).to.equal("NOT_LISTENING");
    const { cause } = notReady(starting, 9, probed("GET / answered 500"));
    expect(cause).to.include({ code: "PROBE_FAILED" });
    expect(cause.message).to.equal(
      "Instance 2 was not ready after 9 s: its readiness probe did not pass (GET / answered 500).",
    );
    expect(notReady(starting, 9, evidence({ spec: specOf({ source }) })).cause.code).to.equal(
      "DEADLINE_EXCEEDED",
    );
    expect(notReady(undefined, 9, evidence()).cause.code).to.equal("DEADLINE_EXCEEDED");
  });

  it("is in the engine's words when it does not take a service", () => {
    const port =
      "rpc error: code = InvalidArgument desc = port '8080' is already in use by service 'web' (x) as an ingress port";
    expect(refused(new EngineRefusal(400, port)).cause.code).to.equal("PORT_TAKEN");
    expect(
      refused(new EngineRefusal(400, "rpc error: code = InvalidArgument desc = nonsense.")).cause,
    ).to.include({
      code: "ENGINE_REFUSED",
      message: "The engine refused the service: nonsense.",
    });
  });
});
