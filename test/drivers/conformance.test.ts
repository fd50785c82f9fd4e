import { conformance } from "./conformance.js";
import { kubernetesRow } from "./kubernetes/row.js";
import { processRow } from "./process/row.js";
import { swarmRow } from "./swarm/row.js";

conformance([processRow, swarmRow, kubernetesRow]);
