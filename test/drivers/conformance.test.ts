import { conformance } from "./conformance.js";
import { checkLeaks } from "./leaks.js";
import { processRow } from "./process/row.js";

for (const row of [processRow]) {
  checkLeaks();
  conformance(row);
}
