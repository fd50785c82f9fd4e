import { Field, InputType, Int, ObjectType } from "type-graphql";
import type { Environment } from "../../domain/environment.js";
import { KubernetesConnectionInput, SwarmConnectionInput } from "./engine.js";
import { EnvironmentType, NamedValueInput } from "./environment.js";
import { EventfulPayload, Payload } from "./payloads.js";

@InputType({ description: "What changes of an environment; what is absent stays." })
export class UpdateEnvironmentInput {
  @Field({ description: "Its code." })
  environment!: string;

  @Field(() => String, { nullable: true, description: "A new description." })
  description?: string | null;

  @Field(() => Int, {
    nullable: true,
    description: "Operations at once, 1 to 64; what runs above a lower number goes on to its end.",
  })
  concurrency?: number | null;

  @Field(() => [NamedValueInput], { nullable: true, description: "Values to set; those not named stay." })
  values?: NamedValueInput[] | null;

  @Field(() => [String], { nullable: true, description: "Names of values to take away." })
  unsetValues?: string[] | null;

  @Field(() => SwarmConnectionInput, {
    nullable: true,
    description:
      "For SWARM: takes the place of the whole connection, so that keys that are not given again are gone.",
  })
  swarm?: SwarmConnectionInput | null;

  @Field(() => KubernetesConnectionInput, {
    nullable: true,
    description:
      "For KUBERNETES: takes the place of the whole connection, so that keys that are not given again are gone.",
  })
  kubernetes?: KubernetesConnectionInput | null;
}

@InputType({ description: "An environment to take away." })
export class DeleteEnvironmentInput {
  @Field({ description: "Its code." })
  environment!: string;
}

@ObjectType({ description: "What updateEnvironment answers.", simpleResolvers: true })
export class UpdateEnvironmentPayload extends EventfulPayload {
  @Field(() => EnvironmentType, { nullable: true, description: "The environment; null with errors." })
  environment?: Environment | null;
}

@ObjectType({ description: "What deleteEnvironment answers.", simpleResolvers: true })
export class DeleteEnvironmentPayload extends Payload {
  @Field(() => EnvironmentType, { nullable: true, description: "What is gone now; null with errors." })
  environment?: Environment | null;
}
