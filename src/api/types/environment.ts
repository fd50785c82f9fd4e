import { Field, InputType, Int, ObjectType } from "type-graphql";
import type { DriverKind } from "../../operations/driver.js";
import { EngineType } from "./engine.js";
import { DriverKindEnum } from "./enums.js";
import { NodeType } from "./node.js";
import { DateTime } from "./scalars.js";

@ObjectType("NamedValue", { description: "A value with a name.", simpleResolvers: true })
export class NamedValueType {
  @Field({ description: "An identifier." })
  name!: string;

  @Field({ description: "Any text." })
  value!: string;
}

@InputType({ description: "A value with a name." })
export class NamedValueInput {
  @Field({ description: "An identifier: letters, digits and underscores." })
  name!: string;

  @Field({ description: "Any text." })
  value!: string;
}

@ObjectType("Environment", {
  implements: NodeType,
  description: "A place to run services, with one driver.",
  simpleResolvers: true,
})
export class EnvironmentType extends NodeType {
  @Field({ description: "Its unique short name, e.g. `DEV`; never changes." })
  code!: string;

  @Field({ description: "What it is for." })
  description!: string;

  @Field(() => DriverKindEnum, { description: "What runs its services." })
  driver!: DriverKind;

  @Field(() => [NamedValueType], { description: "Its own values, which recipes can use in variables." })
  values!: NamedValueType[];

  @Field(() => EngineType, {
    nullable: true,
    description: "The engine it speaks to; null for PROCESS, which has none.",
  })
  engine!: EngineType | null;

  @Field(() => Int, { description: "Operations at once, of all servers together." })
  concurrency!: number;

  @Field(() => DateTime, { nullable: true, description: "Since when it is gone; null: it is there." })
  deletedAt!: Date | null;
}

@ObjectType("EnvironmentHealth", {
  description: "What an environment's engine answered just now.",
  simpleResolvers: true,
})
export class EnvironmentHealthType {
  @Field({ description: "Whether the engine could be asked." })
  reachable!: boolean;

  @Field(() => String, { nullable: true, description: "Its version; null when it could not be asked." })
  version!: string | null;

  @Field(() => Int, { description: "How many nodes it has." })
  nodes!: number;

  @Field(() => [String], { description: "What it cannot do, in sentences." })
  limitations!: string[];

  @Field(() => String, {
    nullable: true,
    description:
      "Why it cannot be used: it could not be asked, or it could (`reachable`) and does not allow what is needed, e.g. rights are missing. Null: it can.",
  })
  error!: string | null;
}
