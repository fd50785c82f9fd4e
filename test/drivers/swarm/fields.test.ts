import { project } from "../../../src/drivers/swarm/project.js";
import { describeApplied } from "../fields/applied.js";
import { fileFields } from "./fields/files.js";
import { imageFields } from "./fields/images.js";
import { networkFields } from "./fields/network.js";
import { processFields } from "./fields/process.js";
import { readinessFields } from "./fields/readiness.js";
import { runningFields } from "./fields/running.js";
import { sourceFields } from "./fields/source.js";
import { volumeFields } from "./fields/volumes.js";
import { onEngine } from "./lab.js";

const all = [
  // Those that take longest come first.
  ...runningFields,
  ...readinessFields,
  ...sourceFields,
  ...imageFields,
  ...networkFields,
  ...volumeFields,
  ...processFields,
  ...fileFields,
];

onEngine("every field of a recipe, on a Docker engine", (add) => {
  for (const { covers, name, run, lacks } of all) {
    add(`${covers.join(", ")}: ${name}`, run, { lacks });
  }
});

describeApplied("the fields that the Swarm driver applies", project, all, {
  applied: ["mode", "image.tag", "rollout.drain", "readiness.tcp.port"],
  ignored: ["serviceAccount", "annotations.name", "liveness.period"],
});
