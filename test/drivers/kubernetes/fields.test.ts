import { project } from "../../../src/drivers/kubernetes/project.js";
import { describeApplied } from "../fields/applied.js";
import { changeScenes } from "./fields/changes.js";
import { fileScene } from "./fields/files.js";
import { credentialScene, imageScene } from "./fields/images.js";
import { portScene, serviceScene } from "./fields/network.js";
import { execScene, httpScene, tcpScene, unreadyScene } from "./fields/probes.js";
import { processScene } from "./fields/process.js";
import { globalScene, orderScene, patienceScene, replicaScene } from "./fields/rollout.js";
import { sourceScene } from "./fields/source.js";
import { nowhereScene, surroundingsScene } from "./fields/surroundings.js";
import { volumeScene } from "./fields/volumes.js";
import { onCluster } from "./lab.js";

const all = [
  // Those that take longest come first.
  ...[sourceScene, orderScene, patienceScene, portScene, httpScene, unreadyScene, imageScene, tcpScene],
  ...[nowhereScene, replicaScene, volumeScene, credentialScene, execScene, surroundingsScene],
  ...[processScene, fileScene, globalScene, serviceScene],
  ...changeScenes,
];

onCluster("every field of a recipe, on a Kubernetes cluster", (add) => {
  for (const scene of all) {
    scene.addTo(add);
  }
});

describeApplied("the fields that the Kubernetes driver applies", project, all, {
  applied: ["mode", "image.tag", "serviceAccount", "liveness.period", "endpointMode"],
  ignored: ["networks", "restart.condition", "liveness.successThreshold"],
});
