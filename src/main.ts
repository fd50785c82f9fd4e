import { createDrivers } from "./drivers/registry.js";
import { serve } from "./server.js";

await serve({ createDrivers });
