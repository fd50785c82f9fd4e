import type { Logger } from "pino";
import { type Drivers, driverFor } from "../domain/drivers.js";
import { Environment } from "../domain/environment.js";
import { shortDigest } from "../domain/image-reference.js";
import { Service } from "../domain/service.js";
import { LeaseLost, OperationFailure, UserInputError, UserInputErrors } from "../errors.js";
import type { SecretBox } from "../storage/secrets.js";
import type { Transactions } from "../storage/transaction.js";
import { chainOf, isUnavailable } from "../storage/unavailable.js";
import type { Driver, Outcome, Reporter, Target } from "./driver.js";
import type { Journal } from "./journal.js";
import { intentOf, type PinnedIntent, pinIntent, type ResolveCommit } from "./pin-intent.js";
import { buildDeployed, buildTarget, deployedIntent, deployedOf, refOf } from "./targets.js";

export interface RunDeps {
  transactions: Transactions;
  drivers: Drivers;
  secretBox: SecretBox;
  resolveCommit: ResolveCommit;
  log: Logger;
}

/**
 * The story of an operation: load the recipe, pin commit and image, write that intent down, let the driver replace
 * the old by the new step by step, write the verdict. Rejects when there is no verdict to be had here: the lease
 * is lost or the database away; whoever claims the operation next goes through the same story.
 */
export async function runOperation(
  journal: Journal,
  io: Omit<Reporter, "step" | "undoing" | "undo">,
  deps: RunDeps,
): Promise<Outcome> {
  const report: Reporter = {
    undoing: journal.operation.undo,
    undo: (why) => orLeave(journal, journal.undo(why)),
    step: (progress) => orLeave(journal, journal.step(progress)),
    ...io,
  };
  const { service, driver } = await loadService(journal, deps);
  const outcome = await verdictOf(deps.log, () => work(service, driver, journal, report, deps));
  await journal.finish(outcome, deps.drivers);
  return outcome;
}

/**
 * What cannot be written down while the database is away is left as it is, as with a lease that is lost: it is no fault of
 * the new one, for which it would be undone.
 */
async function orLeave({ operation }: Journal, written: Promise<void>): Promise<void> {
  try {
    await written;
  } catch (error) {
    throw chainOf(error).some(isUnavailable) ? new LeaseLost(operation.id, { cause: error }) : error;
  }
}

async function work(
  service: Service,
  driver: Driver,
  journal: Journal,
  report: Reporter,
  deps: RunDeps,
): Promise<Outcome> {
  const { manager } = deps.transactions.dataSource;
  await report.assertHeld();
  switch (journal.operation.kind) {
    case "REMOVE":
      return driver.remove(await refOf(manager, service), report);
    case "SCALE": {
      const deployed = await buildDeployed(manager, deps.secretBox, service, deployedOf(service));
      const stamp = { ...deployed.stamp, fence: Number(journal.operation.fence) };
      const target = { ...deployed, stamp, replicas: journal.operation.replicas! };
      // The service has its old number until the operation has succeeded, whoever goes on with it.
      return driver.scale(target, deployed.replicas, report);
    }
    default: {
      const { current, target } = report.undoing
        ? await targetsOf(service, intentOf(journal.operation)!, deps)
        : await loadRecipe(service, journal, report, deps);
      await report.assertHeld();
      return driver.replace(current, target, report);
    }
  }
}

/** Expected ends are verdicts; a lost lease or database is none; anything else is a fault that the log explains. */
async function verdictOf(log: Logger, work: () => Promise<Outcome>): Promise<Outcome> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof LeaseLost || chainOf(error).some(isUnavailable)) {
      throw error;
    }
    if (error instanceof UserInputError || error instanceof UserInputErrors) {
      const message = `The recipe cannot be rendered for this service: ${error.message}`;
      return { verdict: "FAILED", cause: { code: "SPEC_INVALID", message, exitCode: null, lastLines: [] } };
    }
    if (error instanceof OperationFailure) {
      const verdict = error.cause.code === "CANCELLED_BY_USER" ? "CANCELLED" : "FAILED";
      return { verdict, cause: error.cause };
    }
    log.error({ err: error }, "the driver failed in a way it did not expect");
    const message = "The driver failed in a way it did not expect; the server's log has the details.";
    return { verdict: "FAILED", cause: { code: "DRIVER_FAULT", message, exitCode: null, lastLines: [] } };
  }
}

async function loadService({ operation }: Journal, { transactions, drivers }: RunDeps) {
  const { manager } = transactions.dataSource;
  const service = await manager.findOneByOrFail(Service, { id: operation.serviceId });
  const environment = await manager.findOneByOrFail(Environment, { id: service.environmentId });
  const driver: Driver = driverFor(drivers, environment.driver);
  return { service, driver };
}

async function loadRecipe(
  service: Service,
  journal: Journal,
  report: Reporter,
  deps: RunDeps,
): Promise<Targets> {
  await report.step({ step: "LOAD_RECIPE", state: "RUNNING", done: 0, of: 1 });
  const intent = await pinIntent(service, journal, report.signal, deps);
  const targets = await targetsOf(service, intent, deps);
  await report.step({ step: "LOAD_RECIPE", state: "DONE", done: 1, of: 1, detail: inWords(intent) });
  return targets;
}

interface Targets {
  /** What runs now; null: nothing. */
  current: Target | null;
  target: Target;
}

async function targetsOf(
  service: Service,
  intent: PinnedIntent,
  { transactions, secretBox }: RunDeps,
): Promise<Targets> {
  const { manager } = transactions.dataSource;
  const target = await buildTarget(manager, secretBox, service, intent);
  const deployed = deployedIntent(service);
  const current = deployed && (await buildDeployed(manager, secretBox, service, deployed));
  return { current, target };
}

/** e.g. `revision 3, commit 1a2b3c4d, image sha256:0123456789ab` */
function inWords({ revision, commit, image }: PinnedIntent): string {
  const digest = image && shortDigest(image);
  return [
    `revision ${revision}`,
    ...(commit ? [`commit ${commit.slice(0, 8)}`] : []),
    ...(digest ? [`image ${digest}`] : []),
  ].join(", ");
}
