import { killedOn } from "./killed-on.js";
import { KubernetesPlatform } from "./kubernetes-platform.js";

const kubeconfig = process.env.TEST_KUBECONFIG;

killedOn({
  name: "a real Kubernetes",
  lacks: kubeconfig ? null : "TEST_KUBECONFIG",
  open: () => KubernetesPlatform.open(kubeconfig!),
  kills: Number(process.env.TEST_FAULT_KILLS ?? 6),
  work: 12_000,
  // Pods take their time to end: what differs from these in little is left to the swarm.
  only: ["rebuild", "rebuild that fails", "rebuild that is cancelled", "scale up", "remove"],
});
