import { Engine } from "../support/engine/engine.js";
import type { Mode } from "./lane.js";

/** Where the service of a lane runs when it outlives the servers, as fault tests see it from outside. */
export interface Platform {
  /** Of its environment. */
  driver: "SWARM" | "KUBERNETES";
  /** Of a server that uses it. */
  variables: Record<string, string>;
  /** What its environment is made with besides code and driver. */
  environment: object;
  /** What of a recipe depends on it. */
  spec: object;
  /** Variables of the recipe with which replicas answer that version and behave so. */
  variablesOf(version: string, mode: Mode): Record<string, string>;
  /** Forgets how few replicas were ready before. */
  mark(): Promise<void>;
  /** Replicas that are ready now, and the least number since `mark`. */
  ready(): Promise<number>;
  leastReady(): Promise<number>;
  /** Each replica there is as `READY v2`: its state, and what it answers. */
  replicas(): Promise<string[]>;
  /** Everything that is there: services, and what belongs to them. */
  things(): Promise<string[]>;
  /** How often it was told to bring an operation about. */
  begun(operationId: string): number;
  close(): Promise<void>;
}

/** What runs on real engines, in an image that has node. */
export const engineApp = `
const { createServer } = require("node:http");
const { MODE, VERSION } = process.env;
if (MODE === "crash") { console.error("boom"); process.exit(3); }
createServer((request, response) => {
  response.statusCode = MODE === "500" && request.url === "/health" ? 500 : 200;
  response.end(VERSION);
}).listen(3000);
process.on("SIGTERM", () => process.exit(0));`;

/** The engine for tests: quick, and it tells everything. */
export class TestEnginePlatform implements Platform {
  readonly driver = "SWARM";
  readonly environment = { swarm: { host: "unix:///engine" } };
  readonly spec = { image: { name: "app" } };

  private constructor(private readonly engine: Engine) {}

  static async start(): Promise<TestEnginePlatform> {
    return new TestEnginePlatform(await Engine.start());
  }

  get variables(): Record<string, string> {
    return { TEST_ENGINE_URL: this.engine.url };
  }

  variablesOf(version: string, mode: Mode): Record<string, string> {
    return {
      VERSION: version,
      START_MS: mode === "500" ? "60000" : "20",
      BROKEN: mode === "crash" ? "1" : "",
    };
  }

  async mark(): Promise<void> {
    this.service?.mark();
  }

  async ready(): Promise<number> {
    return this.service?.ready() ?? 0;
  }

  async leastReady(): Promise<number> {
    return this.service?.leastReady ?? 0;
  }

  async replicas(): Promise<string[]> {
    return (this.service?.replicas ?? []).map(({ state, answers }) => `${state} ${answers}`);
  }

  async things(): Promise<string[]> {
    return [...this.engine.services.keys()];
  }

  begun(operationId: string): number {
    return this.engine.changes.filter(
      (change) => change.method === "PUT" && change.operationId === operationId && change.status === 202,
    ).length;
  }

  close(): Promise<void> {
    return this.engine.close();
  }

  private get service() {
    return this.engine.service("-app");
  }
}
