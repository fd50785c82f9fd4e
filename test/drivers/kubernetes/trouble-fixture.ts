import { type DeployerReport, reportMarker } from "../../../src/deployer/deployer.js";
import { TaskReports } from "../../../src/drivers/engine/task-reports.js";
import type { Pod } from "../../../src/drivers/kubernetes/api-types.js";
import type { Known } from "../../../src/drivers/kubernetes/failures.js";
import { specOf } from "../bench.js";

export const ports = [{ name: "http", target: 80 }];
/** What is known of an operation that has heard nothing so far. */
export const known = (facts: Partial<Known> = {}): Known => ({
  spec: specOf({ ports }),
  image: "registry.example/shop:1",
  reports: new TaskReports("n", { isMine: () => true, tell: () => {}, changed: () => {} }),
  wereReady: new Set(),
  pullWords: new Map(),
  ...facts,
});

/** Has a pod's deployer report something. */
export function tell(reports: TaskReports, pod: Pod, report: DeployerReport): void {
  const line = `${reportMarker("n")}${JSON.stringify(report)}`;
  reports.add({ stamp: "1", taskId: pod.metadata.uid, stream: "stdout", line });
}
