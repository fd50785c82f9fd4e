const colourOf: Record<string, number> = { fatal: 31, error: 31, warn: 33, info: 36, debug: 90, trace: 90 };

/** One line of JSON from the log as a calm line for people: `12:30:01 info  listening port=4000`. */
export function consoleLine(json: string, colours: boolean): string {
  const { level, time, msg, err, part, ...rest } = JSON.parse(json) as Record<string, unknown>;
  const paint = (text: string, code: number) => (colours ? `\u001b[${code}m${text}\u001b[0m` : text);
  const name = String(level);
  const words = [
    paint(localTime(String(time)), 90),
    paint(name.padEnd(5), colourOf[name] ?? 0),
    ...(part === undefined ? [] : [paint(`${part}:`, 90)]),
    ...(msg === undefined ? [] : [oneLine(String(msg))]),
    ...Object.entries(rest).map(([key, value]) => paint(`${key}=${short(value)}`, 90)),
  ];
  return `${words.join(" ")}\n${err === undefined ? "" : `${indented(err)}\n`}`;
}

function localTime(iso: string): string {
  const at = new Date(iso);
  return [at.getHours(), at.getMinutes(), at.getSeconds()].map((n) => String(n).padStart(2, "0")).join(":");
}

function short(value: unknown): string {
  const isWord = typeof value === "string" && /^[^\s"=]+$/.test(value);
  return isWord ? oneLine(value) : JSON.stringify(value);
}

/** Control characters are shown, not sent to the terminal. */
function oneLine(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f]/g, escaped);
}

function escaped(char: string): string {
  return `\\x${char.charCodeAt(0).toString(16).padStart(2, "0")}`;
}

function indented(err: unknown): string {
  const { stack, message } = err as { stack?: string; message?: string };
  const lines = (stack ?? message ?? JSON.stringify(err)).split("\n");
  return lines.map((line) => `         ${oneLine(line)}`).join("\n");
}
