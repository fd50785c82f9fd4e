import type { Environment } from "../domain/environment.js";
import type { Service } from "../domain/service.js";
import { OperationFailure, RequestError } from "../errors.js";
import type {
  Driver,
  DriverHealth,
  ForeignService,
  Observed,
  ServiceLogLine,
  ServiceRef,
} from "../operations/driver.js";
import type { RequestContext } from "./context.js";

/** How long an engine may take to answer a query, in ms. */
const patience = 5_000;

const nothing = { reachable: false, version: null, nodes: 0, limitations: [] };

/** The driver of an environment, or why this server cannot ask it. */
function driverOf(context: RequestContext, environment: Environment): Driver | string {
  const { drivers, hostId } = context.deps;
  if (environment.deletedAt !== null) {
    return `${environment.code} was deleted.`;
  }
  if (environment.hostId !== null && environment.hostId !== hostId) {
    return `${environment.code} runs on another host; ask the server there.`;
  }
  return drivers.get(environment.driver) ?? `This server has no ${environment.driver} driver.`;
}

/** Asks the environment's engine how it is. */
export async function checkHealth(context: RequestContext, environment: Environment): Promise<DriverHealth> {
  const driver = driverOf(context, environment);
  if (typeof driver === "string") {
    return { ...nothing, error: driver };
  }
  try {
    return await inTime(driver.check(environment.id));
  } catch (error) {
    context.deps.log.warn({ err: error, environment: environment.code }, "an engine could not be checked");
    return { ...nothing, error: "The engine did not answer; the server's log has the details." };
  }
}

/** Asks the engine what runs of a service, once a request; null when it cannot be asked. */
export function observe(context: RequestContext, service: Service): Promise<Observed | null> {
  const { observed } = context.loaders;
  const asked = observed.get(service.id) ?? ask(context, service);
  observed.set(service.id, asked);
  return asked;
}

async function ask(context: RequestContext, service: Service): Promise<Observed | null> {
  const environment = (await context.loaders.environment.load(service.environmentId))!;
  const driver = driverOf(context, environment);
  if (typeof driver === "string" || service.removedAt) {
    return null;
  }
  try {
    return await inTime(driver.inspect(refTo(service, environment)));
  } catch (error) {
    context.deps.log.warn({ err: error, service: service.id }, "a service could not be inspected");
    return null;
  }
}

/**
 * What a service that is not removed has printed.
 * @throws RequestError UNAVAILABLE when this server cannot ask its engine
 */
export async function logsOf(
  context: RequestContext,
  service: Service,
  options: { tail: number; follow: boolean; signal: AbortSignal },
): Promise<AsyncIterable<ServiceLogLine>> {
  const environment = (await context.loaders.environment.load(service.environmentId))!;
  const driver = driverOf(context, environment);
  if (typeof driver === "string") {
    throw new RequestError("UNAVAILABLE", driver);
  }
  return driver.logs(refTo(service, environment), options);
}

/**
 * Services of an environment's engine that this Rebake did not deploy, also those it has adopted.
 * @throws RequestError UNAVAILABLE when this server cannot ask the engine
 */
export async function foreignServicesOf(
  context: RequestContext,
  environment: Environment,
): Promise<ForeignService[]> {
  const driver = driverOf(context, environment);
  if (typeof driver === "string") {
    throw new RequestError("UNAVAILABLE", driver);
  }
  try {
    return await inTime(driver.foreign(environment.id));
  } catch (error) {
    context.deps.log.warn({ err: error, environment: environment.code }, "an engine could not be asked");
    const why = error instanceof OperationFailure ? error.message : "the server's log has the details.";
    throw new RequestError("UNAVAILABLE", `${environment.code}'s engine could not be asked: ${why}`);
  }
}

function refTo({ id: serviceId, name, environmentId, adopted }: Service, { code }: Environment): ServiceRef {
  return { serviceId, environmentId, environment: code, name, adopted };
}

async function inTime<T>(answer: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${patience} ms`)), patience);
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}
