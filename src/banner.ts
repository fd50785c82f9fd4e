import { relative } from "node:path";

/** What a newcomer wants to know once the server is up. */
export interface BannerFacts {
  url: string;
  tokenFile: string;
  /** The token when it was made at this start, to be shown this once. */
  madeToken: string | null;
  /** What this start has installed; null: nothing. */
  installed: { services: string[]; notice: string | null } | null;
}

/** A few lines for the terminal: where the API is, where the token is, and what to paste first. */
export function banner({ url, tokenFile, madeToken, installed }: BannerFacts): string {
  const file = relative(process.cwd(), tokenFile);
  const shown = file.startsWith("..") ? tokenFile : file;
  return [
    "",
    `  Rebake is ready at ${url}/graphql`,
    madeToken
      ? `  Admin token: ${madeToken} (shown this once; kept in ${shown})`
      : `  Admin token: in the file ${shown}`,
    installed
      ? `  Installed DASHBOARD with the services ${installed.services.join(", ")}; they are being deployed.`
      : null,
    installed?.notice ? `  ${installed.notice}` : null,
    "",
    "  Open that address in a browser for GraphiQL. Or try, with the header Authorization: Bearer <token>:",
    "",
    `  curl -s ${url}/graphql -H "Authorization: Bearer $(cat ${shown})" -H 'Content-Type: application/json' \\`,
    `    -d '{"query":"{ services { edges { node { name state revision ports { address } } } } }"}'`,
    "",
    `  mutation { bumpRecipe(input: {recipe: "dashboard-service", spec: {rollout: {drain: 10}}})`,
    "    { revision { number } affected { totalCount } errors { message } } }",
    "",
    "  subscription { updateAvailable { update { service { name } changes { path before after } } } }",
    "",
    "  Ctrl-C stops everything.",
    "",
  ]
    .filter((line) => line !== null)
    .join("\n");
}
