import type { Log } from "../../log.js";
import type { Programs } from "../engine/deployer.js";
import type { Cluster } from "./cluster.js";
import type { Features } from "./manifest.js";
import type { Mirror } from "./mirror.js";

/** Where an operation works, and with what. */
export interface KubernetesContext {
  cluster: Cluster;
  namespace: string;
  mirror: Mirror;
  programs: Programs;
  features: Features;
  log: Log;
}
