import { Field, Int, InterfaceType, ObjectType } from "type-graphql";
import type { UpdateReason } from "../../events/event-map.js";
import type { UpdateView } from "../views.js";
import { connectionOf } from "./connection.js";
import { UpdateReasonEnum } from "./enums.js";
import { NodeType } from "./node.js";
import { Cursor, DateTime } from "./scalars.js";

@ObjectType("Update", {
  implements: NodeType,
  description: "The standing fact that a service does not run what it should. It goes when no longer true.",
  simpleResolvers: true,
})
export class UpdateType extends NodeType {
  @Field(() => [UpdateReasonEnum], { description: "Why the service does not run what it should." })
  reasons!: UpdateReason[];

  @Field(() => Int, {
    nullable: true,
    description: "Revision of the recipe that runs; null: none was deployed yet.",
  })
  fromRevision!: number | null;

  @Field(() => Int, { nullable: true, description: "Revision of the recipe that should run." })
  toRevision!: number | null;

  @Field(() => String, {
    nullable: true,
    description: "Full hash of the commit that runs; null: code is no reason.",
  })
  fromCommit!: string | null;

  @Field(() => String, {
    nullable: true,
    description: "Full hash of the newest commit; null: code is no reason.",
  })
  toCommit!: string | null;

  @Field(() => DateTime, { description: "Since when." })
  since!: Date;
}

@ObjectType("UpdateConnection", {
  description: "A page of a list of Update, in the order they arose.",
  simpleResolvers: true,
})
export class UpdateConnection extends connectionOf(UpdateType, "Update") {
  @Field(() => Int, { description: "How many of the whole list nobody has read." })
  unreadCount!: number;
}

@ObjectType("FieldChange", { description: "One field that would change.", simpleResolvers: true })
export class FieldChangeType {
  @Field(() => [String], { description: 'Where, e.g. `["env", "LOG_LEVEL"]`.' })
  path!: string[];

  @Field(() => String, { nullable: true, description: "What is; null: it is not set, or a secret." })
  before!: string | null;

  @Field(() => String, { nullable: true, description: "What would be; null: it is not set, or a secret." })
  after!: string | null;

  @Field({ description: "Whether the values are secret and therefore not shown." })
  secret!: boolean;
}

/** What an event is resolved from. */
export interface UpdateEventView {
  event: "UpdateAvailable" | "UpdateResolved";
  cursor: bigint;
  update: UpdateView;
}

@InterfaceType("UpdateEvent", {
  description: "An Update arose, changed or went; which of them, its `__typename` says.",
  resolveType: (value: UpdateEventView) => value.event,
})
export abstract class UpdateEventType {
  @Field(() => Cursor, { description: "Where this event lies in the event log; resume `after` it." })
  cursor!: bigint;

  @Field(() => UpdateType, { description: "The Update as it was at this event." })
  update!: UpdateView;
}

@ObjectType("UpdateAvailable", {
  implements: UpdateEventType,
  description: "A service does not run what it should.",
  simpleResolvers: true,
})
export class UpdateAvailableType extends UpdateEventType {}

@ObjectType("UpdateResolved", {
  implements: UpdateEventType,
  description: "A service runs what it should again, or is gone.",
  simpleResolvers: true,
})
export class UpdateResolvedType extends UpdateEventType {}
