import { createDrivers } from "../../../src/drivers/registry.js";
import { serve } from "../../../src/server.js";
import { EngineDriver } from "./engine-driver.js";

/** The whole server, with the engine for tests at TEST_ENGINE_URL in the place of a Swarm. */
await serve({
  createDrivers: (config, storage, log) => {
    const engine = new EngineDriver(process.env.TEST_ENGINE_URL!, storage.installation.id);
    return new Map([...createDrivers(config, storage, log), [engine.kind, engine]]);
  },
});
