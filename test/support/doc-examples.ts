import { readFileSync } from "node:fs";

/** A block of GraphQL in a page, with the blocks of variables right behind it. */
export interface Example {
  text: string;
  /** JSON; the example is run once with each. */
  variables: string[];
  /** Codes of the errors the answer must have; they stand behind `graphql`. */
  errors: string[];
  /** Where in the page. */
  line: number;
}

const block = /^```(graphql|json)([^\n]*)\n(.*?)^```\n/gms;

/** The examples of a page in their order. */
export function examplesOf(page: string): Example[] {
  const text = readFileSync(page, "utf8");
  const examples: Example[] = [];
  let end = -1;
  for (const match of text.matchAll(block)) {
    const [whole, language, codes, body] = match;
    const between = text.slice(end, match.index);
    if (language === "graphql") {
      const line = text.slice(0, match.index).split("\n").length;
      examples.push({ text: body!, variables: [], errors: codes!.split(" ").filter(Boolean), line });
      end = match.index + whole.length;
    } else if (end >= 0 && between.trim() === "") {
      examples.at(-1)!.variables.push(body!);
      end = match.index + whole.length;
    }
  }
  return examples;
}
