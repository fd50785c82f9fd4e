import { Field, Int, ObjectType } from "type-graphql";
import type { WaitingReason } from "../../domain/waiting.js";
import type { CauseCode } from "../../errors.js";
import type { OperationKind, OperationState, StepSnapshot } from "../../events/event-map.js";
import type { LogStream, StepName, StepState } from "../../operations/driver.js";
import type { OperationView } from "../views.js";
import { connectionOf } from "./connection.js";
import {
  CauseCodeEnum,
  LogStreamEnum,
  OperationKindEnum,
  OperationStateEnum,
  StepNameEnum,
  StepStateEnum,
  WaitingReasonEnum,
} from "./enums.js";
import { NodeType } from "./node.js";
import { Cursor, DateTime } from "./scalars.js";

@ObjectType("Step", { description: "A step of an operation.", simpleResolvers: true })
export class StepType {
  @Field(() => StepNameEnum, { description: "Which step." })
  name!: StepName;

  @Field(() => StepStateEnum, { description: "Where it is." })
  state!: StepState;

  @Field(() => Int, { description: "For how many replicas it is done." })
  done!: number;

  @Field(() => Int, { description: "How many replicas it is to be done for." })
  of!: number;

  @Field(() => DateTime, { nullable: true, description: "When it began; null before." })
  startedAt!: string | null;

  @Field(() => DateTime, { nullable: true, description: "When it ended; null before." })
  finishedAt!: string | null;

  @Field(() => String, { nullable: true, description: "A few words for people, e.g. `from cache`." })
  detail!: string | null;
}

@ObjectType("Cause", { description: "Why an operation did not succeed.", simpleResolvers: true })
export class CauseType {
  @Field(() => CauseCodeEnum, { description: "Stable, for programs." })
  code!: CauseCode;

  @Field({ description: "For people: what happened and what to do about it." })
  message!: string;

  @Field(() => Int, { nullable: true, description: "Exit code of what failed; null when nothing exited." })
  exitCode!: number | null;

  @Field(() => [String], { description: "The last lines that git, npm or the app printed, oldest first." })
  lastLines!: string[];
}

@ObjectType("Waiting", { description: "Why nobody works on an operation now.", simpleResolvers: true })
export class WaitingType {
  @Field(() => WaitingReasonEnum, { description: "Stable, for programs." })
  reason!: WaitingReason;

  @Field({ description: "For people: what it waits for and what to do about it." })
  message!: string;
}

@ObjectType("Operation", {
  implements: NodeType,
  description: "One piece of work on one service: queued, then run step by step, then ended with a verdict.",
  simpleResolvers: true,
})
export class OperationType extends NodeType {
  @Field(() => OperationKindEnum, { description: "What it does." })
  kind!: OperationKind;

  @Field(() => OperationStateEnum, { description: "Where it is, or its verdict." })
  state!: OperationState;

  @Field(() => [StepType], { description: "Its steps in order." })
  steps!: StepSnapshot[];

  @Field(() => Int, { nullable: true, description: "Revision that ran before; null: nothing ran." })
  fromRevision!: number | null;

  @Field(() => Int, { nullable: true, description: "Revision it brings; null before the recipe is loaded." })
  toRevision!: number | null;

  @Field(() => String, {
    nullable: true,
    description: "Commit it brings; null before it is known or without a source.",
  })
  commit!: string | null;

  @Field({ description: "Name of the token that asked for it." })
  requestedBy!: string;

  @Field(() => DateTime, { description: "When it was asked for." })
  queuedAt!: Date;

  @Field(() => DateTime, { nullable: true, description: "When a worker first began; null before." })
  startedAt!: Date | null;

  @Field(() => DateTime, { nullable: true, description: "When it ended; null before." })
  finishedAt!: Date | null;

  @Field(() => CauseType, {
    nullable: true,
    description: "Why it did not succeed; null when it did or has not ended.",
  })
  cause!: CauseType | null;
}

@ObjectType("OperationConnection", {
  description: "A page of a list of Operation, oldest first.",
  simpleResolvers: true,
})
export class OperationConnection extends connectionOf(OperationType, "Operation") {}

@ObjectType("LogLine", { description: "A line of an operation's log.", simpleResolvers: true })
export class LogLineType {
  @Field(() => String, { description: "Where it lies in its log; resume `after` it." })
  cursor!: string;

  @Field(() => DateTime, { description: "When it was printed." })
  at!: Date;

  @Field(() => LogStreamEnum, { description: "Who printed it." })
  stream!: LogStream;

  @Field(() => Int, { nullable: true, description: "Number of the replica; null: it is about the whole." })
  instance!: number | null;

  @Field({ description: "The line, without its line break." })
  line!: string;
}

@ObjectType("LogConnection", {
  description: "A page of an operation's log, oldest first.",
  simpleResolvers: true,
})
export class LogConnection extends connectionOf(LogLineType, "LogLine") {}

@ObjectType("OperationProgress", { description: "An operation moved on.", simpleResolvers: true })
export class OperationProgressType {
  @Field(() => Cursor, { description: "Where this event lies in the event log; resume `after` it." })
  cursor!: bigint;

  @Field(() => OperationType, { description: "The operation as it was at this event." })
  operation!: OperationView;
}
