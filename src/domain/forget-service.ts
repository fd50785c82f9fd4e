import { In } from "typeorm";
import { UserInputError } from "../errors.js";
import type { Transaction } from "../storage/transaction.js";
import { assertThere } from "./enqueue-operation.js";
import { findService } from "./find.js";
import { Operation } from "./operation.js";
import { Service } from "./service.js";
import { tellServicesChanged } from "./service-snapshot.js";
import { settleUpdates } from "./settle-updates.js";

/**
 * Gives back a service that was adopted and never rebuilt: nothing changes on the engine, where it is nobody's again.
 * @throws UserInputError NOT_FOUND, INVALID when Rebake has made what runs, CONFLICT while an operation is under way
 */
export async function forgetService(tx: Transaction, input: { service: string }): Promise<Service> {
  const service = await findService(tx, input.service, "update");
  assertThere(service);
  assertForgettable(service);
  const state = In(["QUEUED", "RUNNING"]);
  const active = await tx.manager.findOneBy(Operation, { serviceId: service.id, state });
  if (active) {
    const message = `${active.kind} ${active.id} of service ${service.name} is under way: cancel it or wait for its end, then forget the service.`;
    throw new UserInputError("CONFLICT", message, ["service"]);
  }
  await tx.query("update service set removed_at = now(), state = 'UNKNOWN' where id = $1", [service.id]);
  await tx.query("delete from service_secret where service_id = $1", [service.id]);
  await tellServicesChanged(tx, [service.id]);
  await settleUpdates(tx, [service.id]);
  return tx.manager.findOneByOrFail(Service, { id: service.id });
}

function assertForgettable({ name, adopted, deployedSpec }: Service): void {
  const why =
    adopted === null
      ? "was not adopted: Rebake has deployed it"
      : deployedSpec !== null
        ? "has been rebuilt, so that what runs is Rebake's own"
        : null;
  if (why !== null) {
    const message = `Service ${name} ${why}. Only what was adopted and never rebuilt can be forgotten; removeService ends a service.`;
    throw new UserInputError("INVALID", message, ["service"]);
  }
}
