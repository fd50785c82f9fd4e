import { failure } from "../deployer.js";
import type { ContainerJob } from "./job.js";
import { findPrepared, findPreparedElsewhere, type Prepared, prepare } from "./prepare.js";
import { exitCodeOf, Interrupted, Signals } from "./signals.js";
import { start } from "./start.js";
import { Steps } from "./steps.js";

/** Does the job in `REBAKE_JOB` and returns the exit code: the app's, 1 after a failure, 0 when all is prepared. */
export async function run({ REBAKE_JOB: text, ...environment }: NodeJS.ProcessEnv): Promise<number> {
  const job = JSON.parse(text!) as ContainerJob;
  const signals = new Signals();
  const steps = new Steps(job.nonce);
  try {
    let prepared: Prepared | null = null;
    if (job.source && job.commands.includes("prepare")) {
      prepared = await prepare({ job, environment, steps, signal: signals.stopped });
    }
    if (!job.commands.includes("start")) {
      return 0;
    }
    steps.begin("START");
    prepared ??= job.source && (await mustBePrepared(job));
    prepared?.entry.keep();
    return await start(job, prepared?.folder ?? process.cwd(), environment, signals);
  } catch (error) {
    if (signals.stopped.aborted) {
      return exitCodeOf((signals.stopped.reason as Interrupted).signal);
    }
    steps.fail(error);
    return 1;
  }
}

async function mustBePrepared(job: ContainerJob): Promise<Prepared> {
  const prepared = (await findPrepared(job)) ?? (await findPreparedElsewhere(job));
  if (!prepared) {
    throw failure("COMMAND_NOT_FOUND", `The app is not in ${job.cache}: it was not prepared, or not there.`);
  }
  return prepared;
}
