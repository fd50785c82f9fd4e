import { Field, ID, InputType, Int, ObjectType } from "type-graphql";
import type { RenderedSpec } from "../../domain/rendered-spec.js";
import type { Service } from "../../domain/service.js";
import { ServiceModeEnum } from "./enums.js";
import { PublishedPortInput, ServiceInputValue } from "./inputs.js";
import { EventfulPayload } from "./payloads.js";
import { SourceInput } from "./recipe-spec.js";
import { DateTime } from "./scalars.js";
import { ServiceType } from "./service.js";

@ObjectType("ForeignService", {
  description: "A service of an environment's engine that this Rebake neither deployed nor adopted.",
  simpleResolvers: true,
})
export class ForeignServiceType {
  @Field({
    description:
      "What the engine calls it; unique there. On KUBERNETES a DaemonSet is `daemonset/<name>` where a Deployment has the same name.",
  })
  name!: string;

  @Field(() => String, { nullable: true, description: "Its image; null: the engine names none." })
  image!: string | null;

  @Field(() => ServiceModeEnum, { description: "How its replicas are counted." })
  mode!: RenderedSpec["mode"];

  @Field(() => Int, { description: "How many replicas were asked for." })
  replicas!: number;

  @Field(() => Int, { description: "How many of them run." })
  running!: number;

  @Field(() => DateTime, { description: "When it was made on the engine." })
  createdAt!: Date;

  @Field(() => ID, {
    nullable: true,
    description: "Id of the other Rebake installation that deployed it; null: none did.",
  })
  installation!: string | null;

  @Field(() => String, {
    nullable: true,
    description: "Why it cannot be adopted, for people; null: it can.",
  })
  why!: string | null;

  @Field({ description: "Whether adoptService takes it." })
  adoptable!: boolean;
}

@InputType({ description: "A service of an engine to take over, and what it is from now on." })
export class AdoptServiceInput {
  @Field({ description: "Code of the environment." })
  environment!: string;

  @Field({
    description:
      "What the engine calls it: the name of one of `Environment.foreignServices`, e.g. `orders`, or `daemonset/orders` on KUBERNETES where a Deployment has the same name.",
  })
  engineName!: string;

  @Field({ description: "Name or id of the recipe that it shall be made from." })
  recipe!: string;

  @Field({ description: "A DNS label, unique in the environment. On the engine it keeps its name." })
  name!: string;

  @Field(() => String, { nullable: true, description: "Any text for people." })
  title?: string | null;

  @Field(() => String, { nullable: true, description: "What it belongs to, in your own words." })
  group?: string | null;

  @Field(() => SourceInput, {
    nullable: true,
    description: "What differs from the recipe's source, e.g. its branch.",
  })
  source?: object | null;

  @Field(() => [ServiceInputValue], {
    nullable: true,
    description: "Values for the recipe's inputs; those that are missing can be given before the rebuild.",
  })
  inputs?: ServiceInputValue[] | null;

  @Field(() => [PublishedPortInput], {
    nullable: true,
    description: "Ports this service publishes under another number than the recipe says.",
  })
  ports?: PublishedPortInput[] | null;
}

@InputType({ description: "An adopted service to give back." })
export class ForgetServiceInput {
  @Field(() => ID, { description: "Id of the service." })
  service!: string;
}

@ObjectType({ description: "What adoptService answers.", simpleResolvers: true })
export class AdoptServicePayload extends EventfulPayload {
  @Field(() => ServiceType, {
    nullable: true,
    description: "The service with the Update that asks for its first rebuild; null with errors.",
  })
  service?: Service | null;
}

@ObjectType({ description: "What forgetService answers.", simpleResolvers: true })
export class ForgetServicePayload extends EventfulPayload {
  @Field(() => ServiceType, { nullable: true, description: "What it was; null with errors." })
  service?: Service | null;
}
