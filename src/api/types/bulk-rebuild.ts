import { Field, ID, InputType, Int, ObjectType } from "type-graphql";
import type { BulkItemState, BulkRebuildState } from "../../domain/bulk-rebuild.js";
import type { BulkItem } from "../listings.js";
import type { BulkRebuildView } from "../views.js";
import { connectionOf } from "./connection.js";
import { BulkItemStateEnum, BulkRebuildStateEnum } from "./enums.js";
import { UpdateFilter } from "./filters.js";
import { idempotencyKey } from "./inputs.js";
import { NodeType } from "./node.js";
import { EventfulPayload } from "./payloads.js";
import { Cursor, DateTime } from "./scalars.js";

@ObjectType("BulkRebuild", {
  implements: NodeType,
  description: "Rebuilds of all services that a filter named when it was asked for, a few at a time.",
  simpleResolvers: true,
})
export class BulkRebuildType extends NodeType {
  @Field(() => BulkRebuildStateEnum, { description: "Where it is, or how it ended." })
  state!: BulkRebuildState;

  @Field(() => Int, { description: "How many rebuilds at once." })
  parallel!: number;

  @Field(() => Int, { description: "After so many failures nothing more is begun." })
  maxFailures!: number;

  @Field(() => Int, { description: "How many services it names." })
  total!: number;

  @Field(() => Int, { description: "How many have a rebuild that waits or runs." })
  running!: number;

  @Field(() => Int, { description: "How many rebuilds have succeeded." })
  succeeded!: number;

  @Field(() => Int, { description: "How many have failed, or could not be begun." })
  failed!: number;

  @Field(() => Int, {
    description:
      "How many were passed over: up to date by then, removed, cancelled, or not begun after a stop.",
  })
  skipped!: number;

  @Field({ description: "Name of the token that asked for it." })
  requestedBy!: string;

  @Field(() => DateTime, { description: "When it was asked for." })
  createdAt!: Date;

  @Field(() => DateTime, { nullable: true, description: "When it ended; null before." })
  finishedAt!: Date | null;
}

@ObjectType("BulkRebuildConnection", {
  description: "A page of a list of BulkRebuild, oldest first.",
  simpleResolvers: true,
})
export class BulkRebuildConnection extends connectionOf(BulkRebuildType, "BulkRebuild") {}

@ObjectType("BulkRebuildItem", { description: "One service of a bulk rebuild.", simpleResolvers: true })
export class BulkRebuildItemType {
  @Field(() => BulkItemStateEnum, { description: "How far it is." })
  state!: BulkItemState;

  @Field(() => String, { nullable: true, description: "Why it failed or was passed over; null: neither." })
  message!: BulkItem["message"];
}

@ObjectType("BulkRebuildItemConnection", {
  description: "A page of a list of BulkRebuildItem, in the order in which they are begun.",
  simpleResolvers: true,
})
export class BulkRebuildItemConnection extends connectionOf(BulkRebuildItemType, "BulkRebuildItem") {}

@ObjectType("BulkRebuildProgress", {
  description: "A bulk rebuild as it was at an event.",
  simpleResolvers: true,
})
export class BulkRebuildProgressType {
  @Field(() => Cursor, { description: "Where this event lies in the event log; resume `after` it." })
  cursor!: bigint;

  @Field(() => BulkRebuildType, { description: "The bulk rebuild as it was then." })
  bulkRebuild!: BulkRebuildView;
}

@InputType({ description: "Which bulk rebuilds; what is absent or null does not matter." })
export class BulkRebuildFilter {
  @Field(() => Boolean, {
    nullable: true,
    description: "Only those under way (true) or only those that have ended (false).",
  })
  active?: boolean | null;
}

@InputType({ description: "Which services to rebuild, and how." })
export class RebuildAffectedInput {
  @Field(() => UpdateFilter, {
    description: "Services whose Update this filter shows now; an empty one means all with an Update.",
  })
  filter!: UpdateFilter;

  @Field(() => Int, { nullable: true, description: "How many at once, 1 to 100; 2 when absent." })
  parallel?: number | null;

  @Field(() => Int, {
    nullable: true,
    description: "After so many failures nothing more is begun, 1 to 100000; 1 when absent.",
  })
  maxFailures?: number | null;

  @Field(() => String, idempotencyKey)
  idempotencyKey?: string | null;
}

@InputType({ description: "A bulk rebuild to cancel." })
export class CancelBulkRebuildInput {
  @Field(() => ID, { description: "Id of the bulk rebuild." })
  bulkRebuild!: string;
}

@ObjectType({ description: "What rebuildAffected answers.", simpleResolvers: true })
export class RebuildAffectedPayload extends EventfulPayload {
  @Field(() => BulkRebuildType, { nullable: true, description: "The bulk rebuild; null with errors." })
  bulkRebuild?: BulkRebuildView | null;
}

@ObjectType({ description: "What cancelBulkRebuild answers.", simpleResolvers: true })
export class CancelBulkRebuildPayload extends EventfulPayload {
  @Field(() => BulkRebuildType, {
    nullable: true,
    description: "The bulk rebuild, which ends when what runs of it has; null with errors.",
  })
  bulkRebuild?: BulkRebuildView | null;
}
