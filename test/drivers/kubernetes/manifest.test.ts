import { expect } from "chai";
import fc from "fast-check";
import type { ContainerJob } from "../../../src/deployer/container/job.js";
import type { ContainerSpec, EnvVar } from "../../../src/drivers/kubernetes/api-types.js";
import type { Manifest } from "../../../src/drivers/kubernetes/manifest.js";
import { OperationFailure } from "../../../src/errors.js";
import { environmentOf, expand } from "./kubelet.js";
import { image, manifest, renderedSpec, source } from "./spec-arbitraries.js";

const awkward = fc.string({
  unit: fc.constantFrom("$", "(", ")", "$(A)", "$$", '"', "\\", "a", "\n"),
  maxLength: 8,
});
const texts = fc.array(awkward, { minLength: 1, maxLength: 3 });
const podOf = ({ workload }: Manifest) => workload.spec.template.spec;
const appOf = (made: Manifest) => podOf(made).containers[0]!;
const prepareOf = (made: Manifest) => podOf(made).initContainers?.[0];
const variable = ({ env }: ContainerSpec, name: string) =>
  env!.find((one: EnvVar) => one.name === name)?.value;
const jobOf = (made: Manifest, container: ContainerSpec) =>
  JSON.parse(environmentOf(container, made.parts, "orders-1").get("REBAKE_JOB")!) as ContainerJob;

describe("what a target comes down to on Kubernetes", () => {
  it("gives commands and arguments to the letter where there is no source", () => {
    fc.assert(
      fc.property(texts, texts, (command, args) => {
        const app = appOf(manifest({ command, args, env: [{ name: "A", value: ["taken"] }] }));
        const variables = new Map([["A", "taken"]]);
        const seen = (all: string[] | undefined) => all!.map((one) => expand(one, variables));
        expect([seen(app.command), seen(app.args)]).to.deep.equal([command, args]);
      }),
    );
    const { command, args } = appOf(manifest({}));
    expect({ command, args }).to.deep.equal({ command: undefined, args: undefined });
  });

  it("gives the deployer its job to the letter where there is one", () => {
    fc.assert(
      fc.property(texts, texts, (command, args) => {
        const made = manifest({ source, command, args, workingDir: "x/$(A)" });
        for (const [container, step] of [
          [prepareOf(made)!, "prepare"],
          [appOf(made), "start"],
        ] as const) {
          const job = jobOf(made, container);
          expect(job).to.deep.include({ command, args, workingDir: "x/$(A)", commands: [step] });
          expect(job.source).to.deep.equal({
            repository: source.repository,
            commit: "c".repeat(40),
            path: null,
          });
          expect(container.command).to.deep.equal(["node", "/rebake/deployer.mjs"]);
        }
      }),
    );
  });

  it("gives probes to the letter: a kubelet takes nothing in them for a reference", () => {
    fc.assert(
      fc.property(texts, (command) => {
        const probe = { httpGet: null, tcp: null, exec: { command } };
        const { readinessProbe, livenessProbe } = appOf(manifest({ readiness: probe, liveness: probe }));
        expect(readinessProbe!.exec!.command).to.deep.equal(command);
        expect(livenessProbe!.exec!.command).to.deep.equal(command);
      }),
    );
  });

  it("is the same for the same target, byte for byte", () => {
    fc.assert(
      fc.property(renderedSpec, (spec) => {
        expect(JSON.stringify(manifest(spec))).to.equal(JSON.stringify(manifest(structuredClone(spec))));
      }),
    );
  });

  it("has an annotation say what is not the same, and no file or variable", () => {
    const before = manifest({ source });
    const template = ({ workload }: Manifest) => JSON.stringify(workload.spec.template);
    const rebuilt = manifest({ source }, { commit: "d".repeat(40) });
    expect(template(rebuilt)).not.to.equal(template(before));
    const again = manifest({}, { stamp: { operationId: "opn_2", fence: 1 } });
    expect(template(again)).not.to.equal(template(manifest({})));
    const [{ annotations }, other] = [before.workload.metadata, rebuilt.workload.metadata.annotations];
    expect(annotations).to.deep.equal(other);
    expect(annotations).to.include({
      "rebake/operation": "opn_1",
      "rebake/fence": "1",
      "rebake/fingerprint": "f",
      "rebake/service": "orders",
      "rebake/environment": "DEV",
    });
    const fenced = manifest({ source }, { stamp: { operationId: "opn_1", fence: 2 } });
    // A server that takes an operation over finds what the one before it has put there.
    expect(template(fenced)).to.equal(template(before));
  });

  it("keeps secrets out of everything but Secrets", () => {
    const secret = "pl4intext";
    const instance = { computed: "REBAKE_INSTANCE" as const };
    const made = manifest(
      {
        source,
        env: [
          { name: "A", value: ["x", { secret: "v1" }] },
          { name: "B", value: [{ secret: "v1" }, instance] },
        ],
        files: [{ path: "/a", content: [{ secret: "v1" }], mode: "0600" }],
        readiness: { httpGet: null, tcp: null, exec: { command: ["true"] } },
      },
      {
        secrets: new Map([["v1", secret]]),
        gitCredential: { username: "u", password: secret },
        registryCredential: { username: "u", password: secret, server: "registry.example" },
      },
    );
    const { parts, workload } = made;
    expect(JSON.stringify(workload)).not.to.include(secret);
    expect(JSON.stringify(workload)).not.to.include(Buffer.from(`u:${secret}`).toString("base64"));
    const held = (kind: string) =>
      parts.filter((part) => part.kind === kind && JSON.stringify(part.data).includes(secret)).length;
    expect([held("ConfigMap"), held("Secret")]).to.deep.equal([0, 5]);
    expect(parts.map(({ name }) => name).join()).not.to.include(secret);
  });

  it("refers to nothing but what it makes, and makes nothing but what it refers to", () => {
    fc.assert(
      fc.property(renderedSpec, fc.boolean(), (spec, isPrivate) => {
        const made = manifest(spec, isPrivate ? { gitCredential: { username: "u", password: "p" } } : {});
        const text = JSON.stringify(podOf(made));
        for (const { name } of made.parts) {
          expect(text).to.include(`"${name}"`);
        }
        const volumes = new Set(podOf(made).volumes?.map(({ name }) => name) ?? []);
        const mounted = [appOf(made), prepareOf(made)].flatMap((one) => one?.volumeMounts ?? []);
        expect(new Set(mounted.map(({ name }) => name))).to.deep.equal(volumes);
      }),
    );
  });

  it("runs pods with the mode, the replicas and the rollout of the recipe", () => {
    fc.assert(
      fc.property(
        renderedSpec,
        fc.integer({ min: 0, max: 9 }),
        fc.boolean(),
        (spec, replicas, daemonSurge) => {
          const { kind, workload } = manifest(spec, { replicas }, { daemonSurge });
          const { spec: built } = workload;
          const grace = built.template.spec.terminationGracePeriodSeconds!;
          expect(grace).to.be.greaterThan(spec.rollout.drain);
          expect(built.minReadySeconds).to.equal(spec.rollout.monitor);
          expect(built.paused).to.equal(undefined);
          if (spec.mode === "GLOBAL") {
            expect(kind).to.equal("DaemonSet");
            expect(built).not.to.have.any.keys("replicas", "strategy", "progressDeadlineSeconds");
            return;
          }
          expect(kind).to.equal("Deployment");
          expect(built.replicas).to.equal(replicas);
          expect(built.progressDeadlineSeconds).to.be.greaterThan(spec.rollout.monitor);
          expect(built.progressDeadlineSeconds).to.be.greaterThan(spec.rollout.deadline);
          const isApart =
            spec.rollout.order === "STOP_FIRST" || spec.volumes.some((one) => !one.readOnly && !one.shared);
          expect(built.strategy).to.deep.equal(
            isApart
              ? { type: "Recreate" }
              : {
                  type: "RollingUpdate",
                  rollingUpdate: { maxSurge: spec.rollout.parallelism, maxUnavailable: 0 },
                },
          );
        },
      ),
    );
  });

  it("leaves the cluster's own deadline at what it is everywhere, unless the recipe's is longer", () => {
    const deadline = (rollout: object) => manifest({ rollout }).workload.spec.progressDeadlineSeconds;
    expect(deadline({ deadline: 30, monitor: 5 })).to.equal(600);
    expect(deadline({ deadline: 600, monitor: 5 })).to.equal(665);
    expect(deadline({ deadline: 10, monitor: 3600 })).to.equal(3670);
  });

  it("updates DaemonSets new before old where the cluster can", () => {
    const strategy = (daemonSurge: boolean) =>
      manifest({ mode: "GLOBAL" }, {}, { daemonSurge }).workload.spec.updateStrategy;
    const apart = { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 1 } };
    expect(strategy(false)).to.deep.equal(apart);
    const stopFirst = { mode: "GLOBAL" as const, rollout: { order: "STOP_FIRST" as const } };
    expect(manifest(stopFirst, {}, { daemonSurge: true }).workload.spec.updateStrategy).to.deep.equal(apart);
    expect(strategy(true)).to.deep.equal({
      type: "RollingUpdate",
      rollingUpdate: { maxSurge: 1, maxUnavailable: 0 },
    });
  });

  it("tells an app of its end only after the others know, unless the deployer does so", () => {
    const ports = [{ name: "http", target: 80 }];
    const wait = (fields: object) => appOf(manifest(fields)).lifecycle?.preStop.exec.command;
    expect(wait({ ports, rollout: { drain: 30 } })).to.deep.equal(["sleep", "5"]);
    expect(wait({ ports, rollout: { drain: 2 } })).to.deep.equal(["sleep", "2"]);
    expect(wait({ ports, rollout: { drain: 0 } })).to.equal(undefined);
    expect(wait({ rollout: { drain: 30 } })).to.equal(undefined);
    expect(wait({ source, ports, rollout: { drain: 30 } })).to.equal(undefined);
  });

  it("has every field of the recipe where a pod has it", () => {
    const made = manifest(
      {
        ports: [
          { name: "http", target: 80 },
          { name: "dns", target: 53, protocol: "UDP" },
        ],
        image: { name: "shop", pullPolicy: "ALWAYS" },
        workingDir: "/srv",
        resources: { memory: 1 << 26, cpus: 0.25 },
        labels: [{ name: "team", value: "a" }],
        annotations: [{ name: "note", value: "$(A)" }],
        placement: ["disk=ssd", "!spot"],
        serviceAccount: "robot",
      },
      { registryCredential: { username: "u", password: "p", server: "registry.example" } },
    );
    const app = appOf(made);
    expect(app).to.deep.include({
      image,
      imagePullPolicy: "Always",
      workingDir: "/srv",
      ports: [
        { name: "http", containerPort: 80, protocol: "TCP" },
        { name: "dns", containerPort: 53, protocol: "UDP" },
      ],
      resources: {
        limits: { memory: "67108864", cpu: "250m" },
        requests: { memory: "67108864", cpu: "250m" },
      },
    });
    const pod = podOf(made);
    expect(pod.serviceAccountName).to.equal("robot");
    expect(pod.affinity).to.deep.equal({
      nodeAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: {
          nodeSelectorTerms: [
            {
              matchExpressions: [
                { key: "disk", operator: "In", values: ["ssd"] },
                { key: "spot", operator: "DoesNotExist" },
              ],
            },
          ],
        },
      },
    });
    const [pull] = pod.imagePullSecrets!;
    expect(made.parts.find(({ name }) => name === pull!.name)).to.include({
      type: "kubernetes.io/dockerconfigjson",
    });
    const { workload } = made;
    for (const { labels, annotations } of [workload.metadata, workload.spec.template.metadata!]) {
      expect(labels).to.include({ team: "a", "rebake/service-id": "svc_1" });
      expect(annotations).to.include({ note: "$(A)", "rebake/service": "orders" });
    }
    expect(variable(app, "REBAKE_PORT_DNS")).to.equal("53");
  });

  it("names a container's port once, however many ports of the service lead to it", () => {
    const ports = [
      { name: "http", target: 80, published: 8080 },
      { name: "https", target: 80, published: 8443 },
      { name: "dns", target: 80, protocol: "UDP" as const },
    ];
    const made = appOf(manifest({ ports })).ports!;
    expect(made.map(({ containerPort, protocol }) => `${containerPort}/${protocol}`)).to.deep.equal([
      "80/TCP",
      "80/UDP",
    ]);
  });

  it("leaves out the name of a port that only a Service may have", () => {
    const ports = [
      { name: "80", target: 80 },
      { name: "a--b", target: 81 },
      { name: "a-b", target: 82 },
    ];
    expect(appOf(manifest({ ports })).ports!.map(({ name }) => name)).to.deep.equal([
      undefined,
      undefined,
      "a-b",
    ]);
  });

  it("needs an image", () => {
    expect(() => manifest({}, { image: null }))
      .to.throw(OperationFailure)
      .with.nested.property("cause.code", "SPEC_INVALID");
  });
});
