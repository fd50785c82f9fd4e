import type { DriverHealth } from "../../operations/driver.js";
import { EngineAway, EngineRefusal } from "../engine/answers.js";
import type { Engine } from "./engine.js";
import type { EngineInfo } from "./engine-types.js";

/** How an engine is, and why it cannot be used when it cannot. */
export async function healthOf(engine: Engine): Promise<DriverHealth> {
  try {
    return describe(await engine.info(), engine.where);
  } catch (error) {
    if (!(error instanceof EngineAway || error instanceof EngineRefusal)) {
      throw error;
    }
    const message = `The engine at ${engine.where} cannot be reached (${error.message}): start it, or correct the environment's connection.`;
    return { reachable: false, version: null, nodes: 0, limitations: [], error: message };
  }
}

function describe({ ServerVersion, Swarm }: EngineInfo, where: string): DriverHealth {
  const manager = Swarm.ControlAvailable;
  const nodes = Swarm.Nodes ?? 0;
  const version = `Docker Engine ${ServerVersion}, ${manager ? `manager of a swarm of ${nodes} ${nodes === 1 ? "node" : "nodes"} with ${Swarm.Managers} ${Swarm.Managers === 1 ? "manager" : "managers"}` : "no manager"}`;
  return {
    reachable: true,
    version,
    nodes,
    limitations: manager ? limitations : [],
    error: problem(Swarm, where),
  };
}

function problem(
  { LocalNodeState, ControlAvailable, Error: said }: EngineInfo["Swarm"],
  where: string,
): string | null {
  if (LocalNodeState !== "active") {
    return `The engine at ${where} is in no swarm (it says ${LocalNodeState}${said ? `: ${said}` : ""}): make it one with \`docker swarm init\`, or have it join one as a manager.`;
  }
  return ControlAvailable
    ? null
    : `The engine at ${where} is a worker of its swarm: name a manager, or promote it with \`docker node promote\`.`;
}

const limitations = [
  "Liveness probes, annotations and service accounts do not apply: a task whose readiness probe fails is started anew.",
  "Events and the last words of containers come from the node that is asked; of other nodes it is known what the swarm says.",
  "The git credential of a source can be read by the app that is started from it.",
];
