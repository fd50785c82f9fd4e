import { Arg, Ctx, Mutation, Resolver } from "type-graphql";
import { deployService } from "../../domain/deploy-service.js";
import { lookForUpdates } from "../../domain/look-for-updates.js";
import type { Operation } from "../../domain/operation.js";
import { rebuildService } from "../../domain/rebuild-service.js";
import { removeService } from "../../domain/remove-service.js";
import { restartService } from "../../domain/restart-service.js";
import { rollbackService } from "../../domain/rollback-service.js";
import { scaleService } from "../../domain/scale-service.js";
import { setServiceInputs } from "../../domain/set-service-inputs.js";
import type { Transaction } from "../../storage/transaction.js";
import { assertMayChange, assertMayChangeService, assertMayNameCredential } from "../access.js";
import type { RequestContext } from "../context.js";
import { runMutation } from "../mutation.js";
import { toPlain } from "../plain.js";
import { DeployServiceInput, RemoveServiceInput } from "../types/inputs.js";
import { DeployServicePayload, RemoveServicePayload } from "../types/payloads.js";
import {
  LookForUpdatesInput,
  LookForUpdatesPayload,
  RebuildServiceInput,
  RebuildServicePayload,
  RestartServiceInput,
  RestartServicePayload,
  RollbackServiceInput,
  RollbackServicePayload,
  ScaleServiceInput,
  ScaleServicePayload,
  SetServiceInputsInput,
  SetServiceInputsPayload,
} from "../types/service-operations.js";

@Resolver()
export class ServiceMutations {
  @Mutation(() => DeployServicePayload, { description: "Adds a service and queues its first deploy." })
  deployService(
    @Ctx() context: RequestContext,
    @Arg("input", () => DeployServiceInput, { description: "The new service." }) input: DeployServiceInput,
  ) {
    const check = () => {
      assertMayChange(context, input.environment);
      assertMayNameCredential(context, input.source);
    };
    const { actor, deps } = context;
    return runMutation(context, check, (tx) => deployService(tx, toPlain(input), actor, deps));
  }

  @Mutation(() => RebuildServicePayload, {
    description: "Queues a rebuild: what should run replaces what does.",
  })
  rebuildService(
    @Ctx() context: RequestContext,
    @Arg("input", () => RebuildServiceInput, { description: "Which service, and to what." })
    input: RebuildServiceInput,
  ) {
    return queue(context, input, (tx) => {
      return rebuildService(tx, toPlain(input), context.actor, context.deps.drivers);
    });
  }

  @Mutation(() => LookForUpdatesPayload, {
    description:
      "Looks now for new commits on the branches that services follow, e.g. after a push; what is found raises Updates.",
  })
  lookForUpdates(
    @Ctx() context: RequestContext,
    @Arg("input", () => LookForUpdatesInput, { description: "Whose branches." }) input: LookForUpdatesInput,
  ) {
    return runMutation(
      context,
      () => {},
      async (tx) => ({ branches: await lookForUpdates(tx, toPlain(input), context.scope.environments) }),
    );
  }

  @Mutation(() => RollbackServicePayload, {
    description:
      "Queues the return to exactly what an earlier operation had brought: revision, inputs, commit.",
  })
  rollbackService(
    @Ctx() context: RequestContext,
    @Arg("input", () => RollbackServiceInput, { description: "Which service, and to what." })
    input: RollbackServiceInput,
  ) {
    return queue(context, input, (tx) => rollbackService(tx, toPlain(input), context.actor));
  }

  @Mutation(() => RestartServicePayload, {
    description:
      "Queues a restart: new replicas of just what runs take the place of the old, without downtime.",
  })
  restartService(
    @Ctx() context: RequestContext,
    @Arg("input", () => RestartServiceInput, { description: "Which service." }) input: RestartServiceInput,
  ) {
    return queue(context, input, (tx) => restartService(tx, toPlain(input), context.actor));
  }

  @Mutation(() => ScaleServicePayload, {
    description: "Queues a change of the number of replicas; those that stay are left alone.",
  })
  scaleService(
    @Ctx() context: RequestContext,
    @Arg("input", () => ScaleServiceInput, { description: "Which service, and how many." })
    input: ScaleServiceInput,
  ) {
    return queue(context, input, (tx) => scaleService(tx, toPlain(input), context.actor));
  }

  @Mutation(() => SetServiceInputsPayload, {
    description: "Gives a service other values for its recipe's inputs; they count from its next rebuild on.",
  })
  setServiceInputs(
    @Ctx() context: RequestContext,
    @Arg("input", () => SetServiceInputsInput, { description: "Which service, and what." })
    input: SetServiceInputsInput,
  ) {
    const check = () => assertMayChangeService(context, input.service);
    return runMutation(context, check, async (tx) => ({
      service: await setServiceInputs(tx, toPlain(input), context.deps),
    }));
  }

  @Mutation(() => RemoveServicePayload, {
    description: "Queues the removal of a service; its history stays.",
  })
  removeService(
    @Ctx() context: RequestContext,
    @Arg("input", () => RemoveServiceInput, { description: "Which service." }) input: RemoveServiceInput,
  ) {
    return queue(context, input, (tx) => removeService(tx, toPlain(input), context.actor));
  }
}

/** Queues an operation on a service that the caller may change. */
function queue(
  context: RequestContext,
  input: { service: string },
  work: (tx: Transaction) => Promise<Operation>,
) {
  const check = () => assertMayChangeService(context, input.service);
  return runMutation(context, check, async (tx) => ({ operation: await work(tx) }));
}
