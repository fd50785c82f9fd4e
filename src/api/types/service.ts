import { Field, ID, Int, ObjectType } from "type-graphql";
import type { RenderedSpec } from "../../domain/rendered-spec.js";
import type { ServiceState, TaskState } from "../../operations/driver.js";
import { connectionOf } from "./connection.js";
import { PortProtocolEnum, ServiceModeEnum, ServiceStateEnum, TaskStateEnum } from "./enums.js";
import { NodeType } from "./node.js";
import { ServiceSourceType } from "./recipe-spec.js";
import { DateTime } from "./scalars.js";

@ObjectType("Service", {
  implements: NodeType,
  description: "A deployed instance of a recipe in an environment.",
  simpleResolvers: true,
})
export class ServiceType extends NodeType {
  @Field({ description: "A DNS label, unique in its environment." })
  name!: string;

  @Field(() => String, { nullable: true, description: "Any text for people." })
  title!: string | null;

  @Field(() => String, { nullable: true, description: "What it belongs to, in your own words." })
  group!: string | null;

  @Field(() => String, {
    nullable: true,
    description: "What its engine calls it, where Rebake has adopted it; null: Rebake has deployed it.",
  })
  adopted!: string | null;

  @Field(() => ServiceModeEnum, { description: "How its replicas are counted." })
  mode!: RenderedSpec["mode"];

  @Field(() => Int, { description: "How many replicas were asked for." })
  replicas!: number;

  @Field(() => ServiceSourceType, { nullable: true, description: "What differs from the recipe's source." })
  source!: object | null;

  @Field(() => ServiceStateEnum, { description: "How it does, as last reported by its driver." })
  state!: ServiceState;

  @Field(() => DateTime, {
    nullable: true,
    description:
      "Since when it is held at a state that was asked for (a rollback, a revision, a commit): what was newest then raises no Update. Null: it follows the newest. A rebuild to the newest ends it.",
  })
  heldAt!: Date | null;

  @Field(() => DateTime, { nullable: true, description: "Since when it is gone; null: it is there." })
  removedAt!: Date | null;
}

@ObjectType("NewestCommit", {
  description: "What is known of a branch that a service follows.",
  simpleResolvers: true,
})
export class NewestCommitType {
  @Field({ description: "The repository." })
  repository!: string;

  @Field({ description: "The branch." })
  branch!: string;

  @Field(() => String, { nullable: true, description: "Full hash; null: not known yet." })
  commit!: string | null;

  @Field(() => DateTime, { nullable: true, description: "When it was last looked at; null: not yet." })
  checkedAt!: Date | null;

  @Field(() => String, { nullable: true, description: "Why the last look failed; null: it did not." })
  error!: string | null;
}

@ObjectType("Task", { description: "One replica of a service as it is now.", simpleResolvers: true })
export class TaskType {
  @Field(() => ID, { description: "Its id on the engine; on KUBERNETES the uid of its pod." })
  id!: string;

  @Field(() => Int, {
    description:
      "Number of the replica, from 1; on KUBERNETES, where pods have none, they are counted by age, those of each operation for themselves.",
  })
  instance!: number;

  @Field(() => TaskStateEnum, { description: "How it does." })
  state!: TaskState;

  @Field(() => DateTime, { description: "Since when it is in this state." })
  since!: Date;

  @Field({ description: "The node it runs on." })
  node!: string;

  @Field(() => String, { nullable: true, description: "What the engine says about it, e.g. why it ended." })
  message!: string | null;

  @Field(() => Int, { description: "How often it was started again." })
  restarts!: number;

  @Field(() => String, { nullable: true, description: "host:port it listens on; null without a port." })
  address!: string | null;
}

@ObjectType("PublishedPort", { description: "A port a service can be reached at.", simpleResolvers: true })
export class PublishedPortType {
  @Field({ description: "Name of the recipe's port." })
  name!: string;

  @Field(() => Int, { description: "The port the app listens on, by its recipe." })
  target!: number;

  @Field(() => Int, { description: "The port to connect to." })
  published!: number;

  @Field(() => PortProtocolEnum, { description: "Its protocol." })
  protocol!: "TCP" | "UDP";

  @Field({ description: "host:port to connect to." })
  address!: string;
}

@ObjectType("Input", {
  description: "What a service was given for an input of its recipe.",
  simpleResolvers: true,
})
export class InputType {
  @Field({ description: "Name of the recipe's variable." })
  name!: string;

  @Field(() => String, { nullable: true, description: "The value; null when it is a secret." })
  value!: string | null;

  @Field({ description: "Whether it is a secret, which is never shown again." })
  secret!: boolean;
}

@ObjectType("ServiceConnection", {
  description: "A page of a list of Service, oldest first.",
  simpleResolvers: true,
})
export class ServiceConnection extends connectionOf(ServiceType, "Service") {}
