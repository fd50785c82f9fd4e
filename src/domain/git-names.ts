import { z } from "zod";
import { isStorable } from "./storable.js";

const schemes = ["https:", "http:", "ssh:", "git:", "file:"];
const scpLike = /^[A-Za-z0-9_.]+@[A-Za-z0-9][A-Za-z0-9.-]*:(?!-)[^\s:\\]+$/;

/**
 * A git repository's address that git can only read as an address: never an option (`--upload-pack=…`), a
 * remote helper (`ext::…`) or two lines. A user and password in it are refused: that is what credentials
 * are for.
 */
export const gitRepository = z
  .string()
  .max(2048, "may have at most 2048 characters")
  .superRefine((value, context) => {
    const problem = repositoryProblem(value);
    if (problem) {
      context.addIssue({ code: "custom", message: problem });
    }
  });

function repositoryProblem(value: string): string | null {
  if (/[\x00-\x20\x7f]/.test(value) || !isStorable(value)) {
    return "may not contain spaces or control characters";
  }
  if (scpLike.test(value)) {
    return null;
  }
  const url = URL.canParse(value) ? new URL(value) : null;
  if (!url || !schemes.includes(url.protocol) || value.startsWith("-") || !value.includes("://")) {
    return "must be a git address: https://…, http://…, ssh://…, git://…, file:///… or user@host:path";
  }
  if (url.password || (url.username && url.protocol !== "ssh:")) {
    return "may not contain a user or password: name a credential instead";
  }
  if (url.hostname.startsWith("-") || url.username.startsWith("-") || url.pathname.startsWith("/-")) {
    return "may not have a part that begins with a dash";
  }
  return url.pathname.length > 1 ? null : "must name a repository after the host";
}

/** What a credential for this repository is shown to: scheme, host and port. */
export function gitServerOf(repository: string): string {
  const [, host] = /^[^@/]+@([^:/]+):/.exec(repository) ?? [];
  if (host) {
    return `ssh://${host}`;
  }
  const { protocol, host: server } = new URL(repository);
  return `${protocol}//${server}`;
}

/**
 * A branch or tag name by git's own rules, so that it can never be an option or a revision expression.
 * Source: https://git-scm.com/docs/git-check-ref-format
 */
export const gitRef = z
  .string()
  .max(250, "may have at most 250 characters")
  .refine(
    isRefName,
    "must be a git branch name (no leading dash, spaces, control characters, `..`, `~`, `^` or `:`)",
  );

function isRefName(value: string): boolean {
  const forbidden = /[\x00-\x20\x7f~^:?*[\\]|\.\.|@\{|\/\/|^[-/.]|\/\.|\.lock(\/|$)|[/.]$|^@$/;
  return value.length > 0 && isStorable(value) && !forbidden.test(value);
}

/** A folder inside a repository: relative, without `..`. */
export const sourcePath = z
  .string()
  .max(1024, "may have at most 1024 characters")
  .refine(isStorable, "may not contain half of a surrogate pair")
  .regex(/^(?![-/])(?!(.*\/)?\.\.(\/|$))[^\x00-\x1f\x7f\\]+$/, "must be a relative folder without `..`");
