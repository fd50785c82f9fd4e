import { conformance } from "./conformance.js";
import { processRow } from "./process/row.js";

conformance([processRow]);
