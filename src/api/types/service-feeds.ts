import { Field, Int, ObjectType } from "type-graphql";
import type { ServiceState } from "../../operations/driver.js";
import { LogStreamEnum, ServiceStateEnum } from "./enums.js";
import { Cursor, DateTime } from "./scalars.js";

@ObjectType("ServiceChanged", {
  description:
    "Something about a service has changed: it is new or gone, or its state, what it runs or its inputs.",
  simpleResolvers: true,
})
export class ServiceChangedType {
  @Field(() => Cursor, { description: "Where this event lies in the event log; resume `after` it." })
  cursor!: bigint;

  @Field(() => ServiceStateEnum, { description: "How it did then." })
  state!: ServiceState;

  @Field(() => Int, { nullable: true, description: "Revision that ran then; null: nothing did." })
  revision!: number | null;

  @Field(() => String, { nullable: true, description: "Commit that ran then; null: none." })
  commit!: string | null;

  @Field(() => Int, { description: "How many replicas were asked for then." })
  replicas!: number;

  @Field({ description: "Whether it was gone then." })
  removed!: boolean;
}

@ObjectType("ServiceLogLine", { description: "A line that a service has printed.", simpleResolvers: true })
export class ServiceLogLineType {
  @Field(() => DateTime, { description: "When." })
  at!: Date;

  @Field(() => Int, { description: "Number of the replica." })
  instance!: number;

  @Field(() => LogStreamEnum, { description: "STDOUT or STDERR; on KUBERNETES always STDOUT." })
  stream!: "stdout" | "stderr";

  @Field({ description: "The line, without its end." })
  line!: string;
}
