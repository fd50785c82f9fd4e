/** What the deployer does in a container: the JSON in `REBAKE_JOB`. */
export interface ContainerJob {
  nonce: string;
  commands: ("prepare" | "start")[];
  source: { repository: string; commit: string; path: string | null } | null;
  cache: string;
  image: string | null;
  command: string[] | null;
  args: string[] | null;
  workingDir: string | null;
  holdSeconds: number;
  secretEnv: Record<string, string>;
  gitCredentialFile: string | null;
}
