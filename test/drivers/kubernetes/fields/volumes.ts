import { expect } from "chai";
import { downtime } from "../../../../src/drivers/kubernetes/project.js";
import { noFeatures } from "../../../../src/drivers/kubernetes/version.js";
import type { Target } from "../../../../src/operations/driver.js";
import { env } from "../../fields/env.js";
import { Scene } from "../../fields/scene.js";
import { hostAddress } from "../lab.js";
import type { Fields, Trial } from "../trial.js";
import { Witness } from "../witness.js";

/** Storage of a node for a claim of the trial's namespace, which is there already or will be made. */
async function storage(trial: Trial, claim: string, folder: string): Promise<void> {
  const { core, namespace } = trial;
  const name = `${namespace}-${claim}`;
  await core.createPersistentVolume({
    body: {
      metadata: { name },
      spec: {
        capacity: { storage: "1Gi" },
        accessModes: ["ReadWriteOnce", "ReadWriteMany"],
        persistentVolumeReclaimPolicy: "Retain",
        claimRef: { namespace, name: claim },
        hostPath: { path: `${folder}/${claim}`, type: "DirectoryOrCreate" },
      },
    },
  });
  trial.closing(() => core.deletePersistentVolume({ name }));
}

const write = (file: string, text: string) => ["sh", "-c", 'printf %s "$1" > "$0"', file, text];

/** What is mounted. */
export const volumeScene = new Scene(async (trial: Trial) => {
  const { core, namespace } = trial;
  const witness = await Witness.open(trial, hostAddress);
  // In memory: what a failure leaves there goes with the next start of the node.
  const folder = `/dev/shm/${namespace}`;
  await storage(trial, "data", folder);
  await storage(trial, "made", folder);
  await core.createNamespacedPersistentVolumeClaim({
    namespace,
    body: {
      metadata: { name: "data" },
      spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "5Mi" } } },
    },
  });
  const fields = (volumes: Fields["volumes"]): Fields => ({
    env: env({ WITNESS: witness.url }),
    readiness: { tcp: { port: null }, period: 1 },
    ports: [{ name: "http", target: 8080 }],
    volumes,
  });
  const look = async (target: Target) => {
    const { volumes = [], containers } = (await trial.pod(target)).spec!;
    return { target, volumes, mounts: containers[0]!.volumeMounts! };
  };
  const first = await trial.deploy(
    fields([
      { source: "data", target: "/data" },
      { type: "BIND", source: "/proc/sys/kernel", target: "/node", readOnly: true },
    ]),
  );
  await trial.run(first, ...write("/data/kept", "bread"));
  const one = { ...(await look(first)), ostype: await trial.run(first, "cat", "/node/ostype") };
  const second = await trial.rebuild(
    first,
    fields([
      { type: "BIND", source: "/dev/shm", target: "/node", shared: true },
      { source: "data", target: "/else where", readOnly: true },
      { source: "made", target: "/made", shared: true },
    ]),
  );
  const two = {
    ...(await look(second)),
    kept: await trial.run(second, "cat", "/else where/kept"),
    denied: await trial.attempt(second, ...write("/else where/kept", "stone")),
    written: await trial.attempt(second, ...write(`/node/${namespace}/made/x`, "y")),
    there: await trial.run(second, "cat", "/made/x"),
    none: await trial.attempt(second, "ls", "/data"),
  };
  const third = await trial.rebuild(
    second,
    fields([
      { source: "data", target: "/data" },
      { type: "BIND", source: "/dev/shm", target: "/node", shared: true },
    ]),
  );
  await trial.run(third, "rm", "-r", `/node/${namespace}`);
  const [begun] = witness.times("begins", third.stamp.operationId);
  const [ended] = witness.times("ends", second.stamp.operationId);
  const [overlap] = witness.times("begins", second.stamp.operationId);
  const [before] = witness.times("ends", first.stamp.operationId);
  const claim = await core.readNamespacedPersistentVolumeClaim({ namespace, name: "made" });
  return { one, two, claim, waits: ended! < begun!, overlaps: overlap! < before!, third };
})
  .shows(
    "volumes.source",
    "is a claim of the namespace, made where there is none, and keeps its data",
    (seen) => {
      expect(seen.one.volumes[0]!.persistentVolumeClaim).to.deep.equal({ claimName: "data" });
      expect(seen.two.kept).to.equal("bread");
      expect(seen.claim.spec!.accessModes).to.deep.equal(["ReadWriteMany"]);
      expect(seen.claim.spec!.resources!.requests).to.deep.equal({ storage: "1Gi" });
      expect(seen.claim.metadata!.labels).to.have.property("rebake/installation");
    },
  )
  .shows("volumes.type", "is a claim or a folder of the node", ({ one, two }) => {
    expect(one.volumes[1]!.hostPath).to.deep.include({ path: "/proc/sys/kernel" });
    expect(one.ostype).to.equal("Linux\n");
    expect(two.written).to.deep.equal({ code: 0, out: "" });
    expect(two.there, "by the claim on the same folder").to.equal("y");
  })
  .shows("volumes.target", "is where it is", ({ two }) => {
    expect(two.mounts.map(({ mountPath }) => mountPath)).to.include.members([
      "/node",
      "/else where",
      "/made",
    ]);
    expect(two.none.code).not.to.equal(0);
  })
  .shows("volumes.readOnly", "keeps the app from writing", ({ two }) => {
    expect(two.denied.out).to.match(/Read-only file system/);
  })
  .shows("volumes.shared", "lets the new replica begin while the old one still serves", (seen) => {
    expect(seen.overlaps).to.equal(true);
    expect(downtime(seen.two.target.spec, noFeatures)).to.equal(null);
    expect(seen.waits, "without it").to.equal(true);
    expect(downtime(seen.third.spec, noFeatures)).to.match(/^Volume data is written to/);
  });
