import { expect } from "chai";
import type { Target } from "../../../../src/operations/driver.js";
import { Scene } from "../../fields/scene.js";
import type { Trial } from "../trial.js";

const MiB = 1 << 20;
const labels = {
  first: [
    { name: "team", value: "shop" },
    { name: "empty", value: "" },
    { name: "example.com/tier", value: "a_b.c" },
  ],
  second: [
    { name: "team", value: "store" },
    { name: "added", value: "1" },
  ],
};
const annotations = {
  first: [
    { name: "example.com/note", value: 'any text: {"a": 1}\nпривет 🍞 $(X)' },
    { name: "empty", value: "" },
  ],
  second: [{ name: "example.com/note", value: "another" }],
};
const pairs = (list: { name: string; value: string }[]) =>
  Object.fromEntries(list.map(({ name, value }) => [name, value]));

/** In the container, of either version of control groups. */
async function limitsOf(trial: Trial, target: Target): Promise<{ memory: number; cpus: number }> {
  const script = `cd /sys/fs/cgroup; if [ -f memory.max ]; then cat memory.max cpu.max
    else cat memory/memory.limit_in_bytes cpu/cpu.cfs_quota_us cpu/cpu.cfs_period_us; fi`;
  const [memory, quota, period] = (await trial.run(target, "sh", "-c", script)).split(/\s+/).map(Number);
  return { memory: memory!, cpus: quota! / period! };
}

/** Who the cluster's API takes the app for. */
async function accountOf(trial: Trial, target: Target): Promise<string> {
  const token = await trial.run(target, "cat", "/var/run/secrets/kubernetes.io/serviceaccount/token");
  return JSON.parse(Buffer.from(token.split(".")[1]!, "base64url").toString()).sub;
}

async function look(trial: Trial, target: Target) {
  const pod = await trial.pod(target);
  const node = await trial.core.readNode({ name: pod.spec!.nodeName! });
  const limits = await limitsOf(trial, target);
  return {
    ...{ pod, limits, node: node.metadata!, workload: (await trial.deployment(target)).metadata! },
    account: (await accountOf(trial, target)).replace(`system:serviceaccount:${trial.namespace}:`, ""),
    asked: pod.spec!.containers[0]!.resources!,
    terms:
      pod.spec!.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms,
  };
}

async function makeAccount(trial: Trial, name: string): Promise<void> {
  const { namespace } = trial;
  await trial.core.createNamespacedServiceAccount({ namespace, body: { metadata: { name } } });
  await trial.until(`${name} has a token`, async () => {
    const { secrets = [] } = await trial.core.readNamespacedServiceAccount({ namespace, name });
    return secrets.length > 0;
  });
}

/** Where it runs, as whom, with how much, and how it is marked. */
export const surroundingsScene = new Scene(async (trial: Trial) => {
  const { items } = await trial.core.listNode();
  const nodes = items.map(({ metadata }) => metadata!.labels!["kubernetes.io/hostname"]!);
  await Promise.all([makeAccount(trial, "baker"), makeAccount(trial, "smith")]);
  const first = await trial.deploy({
    resources: { memory: 160 * MiB, cpus: 0.5 },
    labels: labels.first,
    annotations: annotations.first,
    serviceAccount: "baker",
    placement: [
      "node.platform.os == linux",
      `kubernetes.io/hostname in (${nodes.join(", ")}, nobody)`,
      "!rebake.example/spot",
    ],
  });
  const one = await look(trial, first);
  const second = await trial.rebuild(first, {
    resources: { memory: 192 * MiB, cpus: 0.75 },
    labels: labels.second,
    annotations: annotations.second,
    serviceAccount: "smith",
    placement: ["node.hostname != nobody"],
  });
  const two = await look(trial, second);
  const third = await trial.rebuild(second, {});
  return { nodes, one, two, three: await look(trial, third) };
})
  .shows("resources.memory", "limits the container, and is asked of the node", ({ one, two, three }) => {
    expect(one.limits.memory).to.equal(160 * MiB);
    expect(two.limits.memory).to.equal(192 * MiB);
    expect(two.asked.requests).to.include({ memory: `${192 * MiB}` });
    expect(three.limits.memory).not.to.be.below(1 << 30);
  })
  .shows("resources.cpus", "limits the container, and is asked of the node", ({ one, two, three }) => {
    expect(one.limits.cpus).to.equal(0.5);
    expect(two.limits.cpus).to.equal(0.75);
    expect(two.asked.requests).to.include({ cpu: "750m" });
    expect(three.limits.cpus).not.to.be.above(0);
    expect(three.asked).to.deep.equal({});
  })
  .shows("labels.name labels.value", "are on the workload and its pods", ({ one, two, three }) => {
    for (const { labels: found } of [one.workload, one.pod.metadata!]) {
      expect(found).to.include(pairs(labels.first));
    }
    for (const { labels: found } of [two.workload, two.pod.metadata!]) {
      expect(found).to.include(pairs(labels.second));
      expect(found).not.to.have.any.keys("empty", "example.com/tier");
    }
    for (const { labels: found } of [three.workload, three.pod.metadata!]) {
      expect(found).not.to.have.any.keys("team", "added");
    }
  })
  .shows("annotations.name annotations.value", "are on the workload and its pods", ({ one, two, three }) => {
    for (const { annotations: found } of [one.workload, one.pod.metadata!]) {
      expect(found).to.include(pairs(annotations.first));
    }
    for (const { annotations: found } of [two.workload, two.pod.metadata!]) {
      expect(found).to.include(pairs(annotations.second));
      expect(found).not.to.have.any.keys("empty");
    }
    for (const { annotations: found } of [three.workload, three.pod.metadata!]) {
      expect(found).not.to.have.any.keys("example.com/note");
    }
  })
  .shows(
    "serviceAccount",
    "is who the app is to the cluster, by the token it is given",
    ({ one, two, three }) => {
      expect(one.account).to.equal("baker");
      expect(two.account).to.equal("smith");
      expect(three.account).to.equal("default");
    },
  )
  .shows("placement", "decides on which nodes it may run", ({ nodes, one, two, three }) => {
    expect(one.node.labels).to.include({ "kubernetes.io/os": "linux" });
    expect(one.terms).to.deep.equal([
      {
        matchExpressions: [
          { key: "kubernetes.io/os", operator: "In", values: ["linux"] },
          { key: "kubernetes.io/hostname", operator: "In", values: [...nodes, "nobody"] },
          { key: "rebake.example/spot", operator: "DoesNotExist" },
        ],
      },
    ]);
    expect(two.terms).to.deep.equal([
      { matchExpressions: [{ key: "kubernetes.io/hostname", operator: "NotIn", values: ["nobody"] }] },
    ]);
    expect(three.terms).to.equal(undefined);
  });

/** The old one goes on where the new one may not run. */
export const nowhereScene = new Scene(async (trial: Trial) => {
  const first = await trial.deploy({});
  const nowhere = trial.spec({ placement: ["disk=floppy"] });
  const message = await trial.fails("NO_SUITABLE_NODE", first, trial.target(first.ref, nowhere));
  const huge = trial.spec({ resources: { memory: 2 ** 50, cpus: null } });
  return { message, large: await trial.fails("NO_SUITABLE_NODE", first, trial.target(first.ref, huge)) };
})
  .shows("placement", "that no node has lets nothing run, and is told", ({ message }) => {
    expect(message).to.match(/placement.*node/);
  })
  .shows("resources.memory", "that no node has is not asked of any", ({ large }) => {
    expect(large).to.match(/nsufficient memory/);
  });
