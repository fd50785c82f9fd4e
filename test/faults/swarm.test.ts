import { killedOn } from "./killed-on.js";
import { SwarmPlatform } from "./swarm-platform.js";

const host = process.env.TEST_SWARM_DOCKER_HOST;
const registry = process.env.TEST_REGISTRY ?? "127.0.0.1:5000";

killedOn({
  name: "a real swarm",
  lacks: host ? null : "TEST_SWARM_DOCKER_HOST",
  open: () => SwarmPlatform.open(host!, registry),
  kills: Number(process.env.TEST_FAULT_KILLS ?? 20),
  work: 6_000,
});
