import { createLog } from "../../src/log.js";

/** For what is tested, not read. */
export const silent = createLog({ logLevel: "silent", logFormat: "json" });
