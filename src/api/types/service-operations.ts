import { Field, ID, InputType, Int, ObjectType } from "type-graphql";
import type { Service } from "../../domain/service.js";
import type { OperationView } from "../views.js";
import { idempotencyKey, ServiceInputValue } from "./inputs.js";
import { OperationType } from "./operation.js";
import { EventfulPayload } from "./payloads.js";
import { ServiceType } from "./service.js";

@InputType({ description: "A service to rebuild: to the newest state, unless something else is asked for." })
export class RebuildServiceInput {
  @Field(() => ID, { description: "Id of the service." })
  service!: string;

  @Field(() => Int, {
    nullable: true,
    description:
      "A revision of the recipe instead of the newest. The service is then held at it: what is newest now raises no Update any more, something newer does.",
  })
  revision?: number | null;

  @Field(() => String, {
    nullable: true,
    description:
      "A branch instead of the one it follows; it follows this one once the rebuild has succeeded.",
  })
  branch?: string | null;

  @Field(() => String, {
    nullable: true,
    description:
      "Full hash of a commit instead of the branch's newest. The service is then held at it, as at a revision.",
  })
  commit?: string | null;

  @Field(() => String, idempotencyKey)
  idempotencyKey?: string | null;
}

@InputType({ description: "A service to bring back to an earlier state." })
export class RollbackServiceInput {
  @Field(() => ID, { description: "Id of the service." })
  service!: string;

  @Field(() => ID, {
    nullable: true,
    description:
      "One of its operations that succeeded: a DEPLOY, REBUILD or ROLLBACK. Absent: the last one that had brought another state than what runs.",
  })
  operation?: string | null;

  @Field(() => String, idempotencyKey)
  idempotencyKey?: string | null;
}

@InputType({ description: "A service to restart." })
export class RestartServiceInput {
  @Field(() => ID, { description: "Id of the service." })
  service!: string;

  @Field(() => String, idempotencyKey)
  idempotencyKey?: string | null;
}

@InputType({ description: "A service to scale." })
export class ScaleServiceInput {
  @Field(() => ID, { description: "Id of the service." })
  service!: string;

  @Field(() => Int, { description: "How many replicas it shall have, 0 to 1000." })
  replicas!: number;

  @Field(() => String, idempotencyKey)
  idempotencyKey?: string | null;
}

@InputType({ description: "New values for inputs of a service's recipe." })
export class SetServiceInputsInput {
  @Field(() => ID, { description: "Id of the service." })
  service!: string;

  @Field(() => [ServiceInputValue], { nullable: true, description: "Values to set; those not named stay." })
  inputs?: ServiceInputValue[] | null;

  @Field(() => [String], {
    nullable: true,
    description: "Names of inputs to take back: the recipe's default counts again.",
  })
  unset?: string[] | null;
}

@InputType({ description: "Whose branches to look at; what is absent or null does not matter." })
export class LookForUpdatesInput {
  @Field(() => String, { nullable: true, description: "Of services in the environment with this code." })
  environment?: string | null;

  @Field(() => String, { nullable: true, description: "Of services of the recipe with this name or id." })
  recipe?: string | null;

  @Field(() => ID, { nullable: true, description: "Of the service with this id." })
  service?: string | null;
}

@ObjectType({ description: "What lookForUpdates answers.", simpleResolvers: true })
export class LookForUpdatesPayload extends EventfulPayload {
  @Field(() => Int, { nullable: true, description: "How many branches are looked at now; null with errors." })
  branches?: number | null;
}

@ObjectType({ description: "What rebuildService answers.", simpleResolvers: true })
export class RebuildServicePayload extends EventfulPayload {
  @Field(() => OperationType, {
    nullable: true,
    description: "The rebuild, queued or running; null with errors.",
  })
  operation?: OperationView | null;
}

@ObjectType({ description: "What rollbackService answers.", simpleResolvers: true })
export class RollbackServicePayload extends EventfulPayload {
  @Field(() => OperationType, {
    nullable: true,
    description: "The rollback, queued or running; null with errors.",
  })
  operation?: OperationView | null;
}

@ObjectType({ description: "What restartService answers.", simpleResolvers: true })
export class RestartServicePayload extends EventfulPayload {
  @Field(() => OperationType, {
    nullable: true,
    description: "The restart, queued or running; null with errors.",
  })
  operation?: OperationView | null;
}

@ObjectType({ description: "What scaleService answers.", simpleResolvers: true })
export class ScaleServicePayload extends EventfulPayload {
  @Field(() => OperationType, {
    nullable: true,
    description: "The scaling, queued or running; null with errors.",
  })
  operation?: OperationView | null;
}

@ObjectType({ description: "What setServiceInputs answers.", simpleResolvers: true })
export class SetServiceInputsPayload extends EventfulPayload {
  @Field(() => ServiceType, {
    nullable: true,
    description: "The service with its new inputs, and its Update if it should be rebuilt; null with errors.",
  })
  service?: Service | null;
}
