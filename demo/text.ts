/** Text on a terminal: how wide it is, what colour it has. Pure. */

const segmenter = new Intl.Segmenter(undefined, { granularity: "grapheme" });
const emoji = /^\p{Emoji_Presentation}|^\p{Emoji}\ufe0f/u;
const invisible = /^[\p{Mark}\p{Control}\p{Format}]+$/u;
const colourCode = /\x1b\[[0-9;]*m/g;
/** Scripts whose characters take two columns, by first and last code point (Unicode's East Asian Width). */
const wideRanges: readonly (readonly [number, number])[] = [
  [0x1100, 0x115f],
  [0x2e80, 0x303e],
  [0x3041, 0x33ff],
  [0x3400, 0x4dbf],
  [0x4e00, 0x9fff],
  [0xa000, 0xa4cf],
  [0xa960, 0xa97f],
  [0xac00, 0xd7a3],
  [0xf900, 0xfaff],
  [0xfe30, 0xfe6f],
  [0xff00, 0xff60],
  [0xffe0, 0xffe6],
  [0x20000, 0x3fffd],
];

/** How many columns a terminal shows it in; colour codes take none. */
export function displayWidth(text: string): number {
  let width = 0;
  for (const { segment } of segmenter.segment(text.replace(colourCode, ""))) {
    width += widthOf(segment);
  }
  return width;
}

function widthOf(grapheme: string): number {
  if (invisible.test(grapheme)) {
    return 0;
  }
  const point = grapheme.codePointAt(0)!;
  const wide = emoji.test(grapheme) || wideRanges.some(([first, last]) => point >= first && point <= last);
  return wide ? 2 : 1;
}

/** Fills up with spaces to a width; what is wider stays as it is. */
export function pad(text: string, width: number, side: "left" | "right" = "right"): string {
  const spaces = " ".repeat(Math.max(0, width - displayWidth(text)));
  return side === "right" ? text + spaces : spaces + text;
}

/** Cuts text without colours off at a width, with an ellipsis. */
export function clip(text: string, width: number): string {
  if (displayWidth(text) <= width) {
    return text;
  }
  let clipped = "";
  let used = 0;
  for (const { segment } of segmenter.segment(text)) {
    used += widthOf(segment);
    if (used > width - 1) {
      break;
    }
    clipped += segment;
  }
  return `${clipped}…`;
}

/** Columns two spaces apart, aligned by what one sees. */
export function table(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, column) => {
      widths[column] = Math.max(widths[column] ?? 0, displayWidth(cell));
    });
  }
  return rows.map((row) =>
    row
      .map((cell, column) => pad(cell, widths[column]!))
      .join("  ")
      .trimEnd(),
  );
}

/** Makes control characters of a foreign text visible, so that none gets to the terminal. */
export function harmless(text: string): string {
  return text.replace(/[\x00-\x1f\x7f-\x9f]/g, (char) =>
    JSON.stringify(char)
      .slice(1, -1)
      .replace(/^[\x7f-\x9f]$/, "?"),
  );
}

export type Colour = "green" | "red" | "yellow" | "cyan" | "dim" | "bold";
export type Paint = (colour: Colour, text: string) => string;

const codes: Record<Colour, [number, number]> = {
  green: [32, 39],
  red: [31, 39],
  yellow: [33, 39],
  cyan: [36, 39],
  dim: [2, 22],
  bold: [1, 22],
};

/** Colours for a terminal, none for anything else or where NO_COLOR is set (to anything but nothing). */
export function painter(isTty: boolean, env: Readonly<Record<string, string | undefined>>): Paint {
  if (!isTty || env.NO_COLOR || env.TERM === "dumb") {
    return (_colour, text) => text;
  }
  return (colour, text) => `\x1b[${codes[colour][0]}m${text}\x1b[${codes[colour][1]}m`;
}

/** A length of time for people: `0.04 s`, `12.3 s`, `2 min 5 s`. */
export function duration(ms: number): string {
  if (ms < 10_000) {
    return `${(ms / 1000).toFixed(2)} s`;
  }
  const seconds = ms / 1000;
  return seconds < 60
    ? `${seconds.toFixed(1)} s`
    : `${Math.floor(seconds / 60)} min ${Math.floor(seconds % 60)} s`;
}
