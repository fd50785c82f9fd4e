import { Field, ID, ObjectType } from "type-graphql";
import type { ServerState } from "../../domain/server.js";
import { ServerStateEnum } from "./enums.js";
import { DateTime } from "./scalars.js";

@ObjectType("Server", {
  description: "A Rebake server of this database: the newest one of its home.",
  simpleResolvers: true,
})
export class ServerType {
  @Field(() => ID, { description: "That of its home; stays the same when it is started again." })
  id!: string;

  @Field({ description: "What its host is called." })
  name!: string;

  @Field({ description: "Version of Rebake." })
  version!: string;

  @Field(() => ServerStateEnum, { description: "Whether it is there." })
  state!: ServerState;

  @Field(() => DateTime, { description: "When it was started last." })
  startedAt!: Date;

  @Field(() => DateTime, { description: "When it was last heard of." })
  seenAt!: Date;
}
