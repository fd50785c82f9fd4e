import { project } from "../../../src/drivers/kubernetes/project.js";
import { describeApplied } from "../fields/applied.js";
import { fileScene } from "./fields/files.js";
import { processScene } from "./fields/process.js";
import { nowhereScene, surroundingsScene } from "./fields/surroundings.js";
import { onCluster } from "./lab.js";

// Those that take longest come first.
const all = [nowhereScene, surroundingsScene, processScene, fileScene];

onCluster("every field of a recipe, on a Kubernetes cluster", (add) => {
  for (const scene of all) {
    scene.addTo(add);
  }
});

describeApplied("the fields that the Kubernetes driver applies", project, all, {
  applied: ["mode", "image.tag", "serviceAccount", "liveness.period", "endpointMode"],
  ignored: ["networks", "restart.condition", "liveness.successThreshold"],
});
