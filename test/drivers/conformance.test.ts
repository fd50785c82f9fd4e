import { conformance } from "./conformance.js";
import { processRow } from "./process/row.js";

for (const row of [processRow]) {
  conformance(row);
}
