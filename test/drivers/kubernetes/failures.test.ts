import { expect } from "chai";
import { failureOf, troubleOf } from "../../../src/drivers/kubernetes/failures.js";
import { specOf } from "../bench.js";
import { ended, type PodFacts, podOf, running, waiting } from "./pod-fixture.js";
import { source } from "./spec-arbitraries.js";
import { known, ports, tell } from "./trouble-fixture.js";

interface Expected {
  code: string;
  says: RegExp;
  exitCode?: number;
  /** Whether it may pass by itself. */
  patient?: boolean;
}

const oci = (words: string) =>
  `failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: ${words}: unknown`;
const notFound = 'exec: "start": executable file not found in $PATH';
const unschedulable = {
  type: "PodScheduled",
  status: "False" as const,
  reason: "Unschedulable",
  message: "0/3 nodes are available: 3 Insufficient memory.",
};

/** What kubelets of 1.20 (with dockershim) and later ones (with containerd) say, and what it means. */
const statuses: [what: string, facts: PodFacts, expected: Expected][] = [
  [
    "an image that is not there, dockershim",
    {
      app: {
        state: waiting(
          "ErrImagePull",
          "rpc error: code = Unknown desc = Error response from daemon: manifest for registry.example/shop:1 not found: manifest unknown: manifest unknown",
        ),
      },
    },
    {
      code: "IMAGE_NOT_FOUND",
      says: /cannot have the image registry\.example\/shop:1.*\(Error response from daemon/,
    },
  ],
  [
    "an image that is not there, containerd",
    {
      app: {
        state: waiting(
          "ErrImagePull",
          'rpc error: code = NotFound desc = failed to pull and unpack image "registry.example/shop:1": failed to resolve reference "registry.example/shop:1": registry.example/shop:1: not found',
        ),
      },
    },
    { code: "IMAGE_NOT_FOUND", says: /not found\)$/ },
  ],
  [
    "an image that needs a credential",
    {
      app: {
        state: waiting(
          "ErrImagePull",
          "Error response from daemon: pull access denied for shop, repository does not exist or may require 'docker login'",
        ),
      },
    },
    { code: "IMAGE_NOT_FOUND", says: /credential/ },
  ],
  [
    "a registry that does not answer",
    {
      app: {
        state: waiting(
          "ErrImagePull",
          "rpc error: code = Unknown desc = Get https://registry.example/v2/: net/http: request canceled (Client.Timeout exceeded)",
        ),
      },
    },
    { code: "REGISTRY_UNREACHABLE", says: /Client\.Timeout/, patient: true },
  ],
  [
    "a pull that is backed off from",
    { app: { state: waiting("ImagePullBackOff", 'Back-off pulling image "registry.example/shop:1"') } },
    { code: "IMAGE_NOT_FOUND", says: /Back-off/, patient: true },
  ],
  [
    "a pull for the first container",
    {
      app: { state: waiting("PodInitializing") },
      prepare: { state: waiting("ErrImagePull", "manifest unknown") },
    },
    { code: "IMAGE_NOT_FOUND", says: /manifest unknown/ },
  ],
  [
    "an image that is none",
    {
      app: {
        state: waiting(
          "InvalidImageName",
          'Failed to apply default image tag "A:b:c": couldn\'t parse image reference',
        ),
      },
    },
    { code: "IMAGE_NOT_FOUND", says: /no name of one/ },
  ],
  [
    "an image that may not be pulled",
    {
      app: {
        state: waiting(
          "ErrImageNeverPull",
          'Container image "shop" is not present with pull policy of Never',
        ),
      },
    },
    { code: "IMAGE_NOT_FOUND", says: /pullPolicy NEVER/ },
  ],
  [
    "a Secret that is not there",
    { app: { state: waiting("CreateContainerConfigError", 'secret "orders-env-1" not found') } },
    { code: "ENGINE_REFUSED", says: /refers to is not there \(secret "orders-env-1" not found\)/ },
  ],
  [
    "a kubelet that has not got its Secrets yet",
    {
      app: {
        state: waiting(
          "CreateContainerConfigError",
          "failed to sync secret cache: timed out waiting for the condition",
        ),
      },
    },
    { code: "ENGINE_REFUSED", says: /failed to sync/, patient: true },
  ],
  [
    "a runtime that has too much to do",
    { app: { state: waiting("CreateContainerError", "context deadline exceeded") } },
    { code: "ENGINE_REFUSED", says: /could not be started: context deadline exceeded/, patient: true },
  ],
  [
    "a program that is not there, dockershim",
    {
      app: {
        state: {
          terminated: {
            exitCode: 127,
            reason: "ContainerCannotRun",
            message: `OCI runtime create failed: container_linux.go:380: starting container process caused: ${notFound}: unknown`,
          },
        },
      },
    },
    {
      code: "COMMAND_NOT_FOUND",
      says: /^: its command cannot be executed in the image registry\.example\/shop:1/,
      exitCode: 127,
    },
  ],
  [
    "a program that is not there, containerd, at first",
    { app: { state: waiting("RunContainerError", oci(notFound)) } },
    { code: "COMMAND_NOT_FOUND", says: /executable file not found/ },
  ],
  [
    "a program that is not there, containerd, backed off from",
    {
      app: {
        state: waiting("CrashLoopBackOff", "back-off 10s restarting failed container"),
        lastState: { terminated: { exitCode: 128, reason: "StartError", message: oci(notFound) } },
        restartCount: 1,
      },
    },
    { code: "COMMAND_NOT_FOUND", says: /executable file not found/, exitCode: 128 },
  ],
  [
    "a mount that the runtime refuses",
    {
      app: {
        state: {
          terminated: { exitCode: 128, reason: "StartError", message: oci("mount /proc: invalid argument") },
        },
      },
    },
    { code: "ENGINE_REFUSED", says: /could not be started: .*invalid argument/, exitCode: 128 },
  ],
  [
    "an app that crashes",
    {
      app: {
        state: waiting("CrashLoopBackOff", "back-off 10s restarting failed container=app"),
        lastState: ended(3),
        restartCount: 1,
      },
    },
    { code: "APP_EXITED", says: /ended with exit code 3/, exitCode: 3 },
  ],
  [
    "an app that has crashed twice",
    { app: { state: ended(4), lastState: ended(3), restartCount: 1 } },
    { code: "APP_EXITED", says: /exit code 4/, exitCode: 4 },
  ],
  [
    "an app that ends well, twice",
    { app: { state: ended(0), lastState: ended(0), restartCount: 1 } },
    { code: "APP_EXITED", says: /exit code 0/, exitCode: 0 },
  ],
  [
    "an app that was killed for its memory",
    { app: { state: ended(137, "OOMKilled") } },
    { code: "OUT_OF_MEMORY", says: /killed for its memory: allow/, exitCode: 137 },
  ],
  [
    "a source that was not prepared, twice",
    {
      app: { state: waiting("PodInitializing") },
      prepare: { state: ended(1), lastState: ended(1), restartCount: 1 },
    },
    { code: "APP_EXITED", says: /exit code 1/, exitCode: 1 },
  ],
  [
    "no node",
    { app: null, conditions: [unschedulable], status: { phase: "Pending" } },
    { code: "NO_SUITABLE_NODE", says: /\(0\/3 nodes are available: 3 Insufficient memory\)/, patient: true },
  ],
  [
    "a pod that its node has evicted",
    {
      app: null,
      status: {
        phase: "Failed",
        reason: "Evicted",
        message: "The node was low on resource: ephemeral-storage. ",
      },
    },
    {
      code: "ENGINE_REFUSED",
      says: /ended by its node: Evicted The node was low on resource: ephemeral-storage$/,
    },
  ],
  [
    "a pod that its node has evicted, whatever its containers came to by that",
    {
      app: { state: ended(137, "ContainerStatusUnknown") },
      status: { phase: "Failed", reason: "Evicted", message: "Usage exceeds the limit." },
    },
    { code: "ENGINE_REFUSED", says: /ended by its node: Evicted Usage exceeds the limit$/ },
  ],
];

describe("what is wrong with a pod", () => {
  for (const [what, facts, expected] of statuses) {
    it(`is ${expected.code} for ${what}`, () => {
      const trouble = troubleOf(podOf("opn", facts), known())!;
      expect(trouble).to.include({ code: expected.code, exitCode: expected.exitCode ?? null });
      expect(trouble.what).to.match(expected.says);
      expect(trouble.patience > 0, "patience").to.equal(expected.patient ?? false);
    });
  }

  const fine: [what: string, facts: PodFacts][] = [
    ["is not placed yet", { app: null, status: { phase: "Pending", conditions: [] } }],
    ["is being made", { app: { state: waiting("ContainerCreating") } }],
    ["is being prepared", { app: { state: waiting("PodInitializing") }, prepare: { state: running } }],
    ["runs", {}],
    ["serves", { ready: true }],
    ["was told to go, whatever became of it", { going: true, app: { state: ended(143), restartCount: 3 } }],
    ["has crashed once", { app: { state: ended(1) } }],
    ["was started again after a crash", { app: { state: running, lastState: ended(1), restartCount: 1 } }],
    [
      "was not prepared at first",
      { app: { state: waiting("PodInitializing") }, prepare: { state: ended(1) } },
    ],
    [
      "is prepared again after it was not",
      {
        app: { state: waiting("PodInitializing") },
        prepare: { state: running, lastState: ended(1), restartCount: 1 },
      },
    ],
    [
      "was prepared the second time",
      { prepare: { state: ended(0), lastState: ended(137, "OOMKilled"), restartCount: 1 } },
    ],
  ];
  for (const [what, facts] of fine) {
    it(`is nothing while it ${what}`, () => {
      expect(troubleOf(podOf("opn", facts), known())).to.equal(null);
    });
  }

  it("is its first crash once it has served, but not one from before", () => {
    const crashed = { state: running, lastState: ended(1), restartCount: 1 };
    const metadata = { uid: "one" };
    const wereReady = new Set(["one"]);
    const look = (facts: PodFacts) => troubleOf(podOf("opn", { metadata, ...facts }), known({ wereReady }));
    expect(look({ app: { state: ended(1) } })).to.include({ code: "APP_EXITED", exitCode: 1 });
    expect(look({ app: crashed })).to.include({ code: "APP_EXITED" });
    // It crashed once before it was ready for the first time.
    expect(look({ app: crashed, ready: true })).to.equal(null);
    expect(look({ app: { ...crashed, restartCount: 2 }, ready: true })).to.include({ code: "APP_EXITED" });
  });

  it("is what the deployer has reported, before anything the kubelet says", () => {
    const cause = {
      code: "DEPENDENCY_NOT_FOUND" as const,
      message: "there is no nope@1",
      exitCode: 1,
      lastLines: [],
    };
    const pod = podOf("opn", { app: { state: waiting("PodInitializing") }, prepare: { state: ended(7) } });
    const all = known({ spec: specOf({ ports, source }) });
    expect(troubleOf(pod, all)).to.equal(null);
    tell(all.reports, pod, { step: "INSTALL", state: "FAILED", cause });
    const trouble = troubleOf(pod, all)!;
    expect(trouble).to.include({ code: "DEPENDENCY_NOT_FOUND", exitCode: 1 });
    expect(failureOf(trouble, 2, ["last"]).cause).to.deep.equal({
      ...{ code: "DEPENDENCY_NOT_FOUND", message: "Instance 2: there is no nope@1." },
      ...{ exitCode: 1, lastLines: ["last"] },
    });
  });

  it("is read from the words of the container that has ended", () => {
    const wordsOf = (facts: PodFacts) => troubleOf(podOf("opn", facts), known())!.words;
    expect(wordsOf({ app: { state: ended(1), restartCount: 1 } })).to.deep.equal({
      container: "app",
      previous: false,
    });
    const again = { state: waiting("CrashLoopBackOff"), lastState: ended(1), restartCount: 1 };
    expect(wordsOf({ app: again })).to.deep.equal({ container: "app", previous: true });
    expect(wordsOf({ app: null, prepare: again })).to.deep.equal({ container: "prepare", previous: true });
    expect(wordsOf({ app: { state: waiting("InvalidImageName") } })).to.equal(null);
  });

  it("says that an image without node cannot run a source, and how much memory there was", () => {
    const spec = specOf({ source, ports, resources: { memory: 1 << 26, cpus: null } });
    const noNode = waiting("RunContainerError", oci('exec: "node": executable file not found in $PATH'));
    const { what } = troubleOf(podOf("opn", { app: { state: noNode } }), known({ spec }))!;
    expect(what).to.include("needs an image with node, npm and git");
    const killed = troubleOf(podOf("opn", { app: { state: ended(137, "OOMKilled") } }), known({ spec }))!;
    expect(failureOf(killed, 1, []).message).to.equal(
      "Instance 1 was killed for its memory (limit 67108864 bytes): allow it more in resources.memory, or have it use less.",
    );
  });
});
