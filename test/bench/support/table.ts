import { mkdir, writeFile } from "node:fs/promises";
import { cpus, platform, release } from "node:os";
import { table } from "../../../demo/text.js";

/** One line of a benchmark: what Rebake did against what its rival did in the same run. */
export interface Measurement {
  what: string;
  unit: "ms" | "requests" | "requests/s" | "MB" | "KB";
  rebake: Summary;
  /** Null where there is nothing to compare with. */
  rival: Summary | null;
  /** What the ratio should be, e.g. `≤ 1.10`; stated, never enforced. */
  aim?: string;
  /** Whether that was so in this run. */
  met?: boolean;
}

/** Several rounds of one measurement. */
export interface Summary {
  median: number;
  min: number;
  max: number;
  rounds: number[];
}

/** An aim for the ratio of the times, and whether these keep to it. */
export function atMost(ratio: number, rebake: Summary, rival: Summary): { aim: string; met: boolean } {
  return { aim: `≤ ${ratio.toFixed(2)} ×`, met: rebake.median / rival.median <= ratio };
}

/** The middle of some rounds, and how far apart they lie. */
export function summarise(rounds: readonly number[]): Summary {
  const sorted = [...rounds].sort((one, other) => one - other);
  const middle = Math.floor(sorted.length / 2);
  const median = sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
  return { median, min: sorted[0]!, max: sorted.at(-1)!, rounds: [...rounds] };
}

/** Prints the table of a benchmark and keeps it with all rounds in `bench-results/<name>.json`. */
export async function publish(name: string, rival: string, measurements: Measurement[]): Promise<void> {
  const rows = measurements.map(({ what, unit, rebake, rival: other, aim, met }) => [
    what,
    text(rebake, unit),
    other ? text(other, unit) : "",
    other ? `${(rebake.median / other.median).toFixed(2)} ×` : "",
    `${aim ?? ""}${met === undefined ? "" : met ? ": met" : ": missed"}`,
  ]);
  console.log(table([[name, "Rebake", rival, "ratio", "aim"], ...rows]).join("\n"));
  const machine = { cpus: cpus().length, model: cpus()[0]?.model, system: `${platform()} ${release()}` };
  const result = { name, rival, at: new Date().toISOString(), node: process.version, machine, measurements };
  await mkdir("bench-results", { recursive: true });
  await writeFile(
    `bench-results/${name.replaceAll(/[^a-z0-9]+/gi, "-")}.json`,
    `${JSON.stringify(result, null, 2)}\n`,
  );
}

function text({ median, min, max, rounds }: Summary, unit: string): string {
  const digits = median < 100 ? 2 : 0;
  const spread = rounds.length > 1 ? ` (${min.toFixed(digits)}–${max.toFixed(digits)})` : "";
  return `${median.toFixed(digits)} ${unit}${spread}`;
}
