import { delimiter, dirname } from "node:path";

/** What git and npm need to reach the network as the host's administrator set it up. */
const passedOn =
  /^(HOME|USER|LANG|TMPDIR|TZ|SSH_AUTH_SOCK|SSL_CERT_FILE|SSL_CERT_DIR|NODE_EXTRA_CA_CERTS|GIT_SSL_CAINFO|(https?|all|no)_proxy)$/i;

/** The part of the server's environment that git and npm are run with: none of its secrets. */
export function toolEnvironment(server: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const passed = Object.entries(server).filter(([name]) => passedOn.test(name));
  return { ...Object.fromEntries(passed), PATH: nodeFirst(server.PATH) };
}

/** A search path on which this very node and its npm come first. */
export function nodeFirst(path: string | undefined): string {
  return [dirname(process.execPath), path ?? "/usr/local/bin:/usr/bin:/bin"].join(delimiter);
}
