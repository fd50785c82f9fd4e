import { Field, InputType, ObjectType } from "type-graphql";
import type { AccessToken } from "../../domain/access-token.js";
import { connectionOf } from "./connection.js";
import { NodeType } from "./node.js";
import { Payload } from "./payloads.js";
import { DateTime } from "./scalars.js";

@ObjectType("AccessToken", {
  implements: NodeType,
  description: "Lets somebody use this API. The token itself is shown once, when it is made.",
  simpleResolvers: true,
})
export class AccessTokenType extends NodeType {
  @Field({ description: "Unique, also among the revoked; author and requester of what is done with it." })
  name!: string;

  @Field(() => [String], {
    nullable: true,
    description: "Codes of the environments it may see and change; null: all, and recipes and tokens, too.",
  })
  environments!: string[] | null;

  @Field(() => DateTime, { description: "When it was made." })
  createdAt!: Date;

  @Field(() => DateTime, { nullable: true, description: "When it ends by itself; null: never." })
  expiresAt!: Date | null;

  @Field(() => DateTime, { nullable: true, description: "When it was revoked; null: it was not." })
  revokedAt!: Date | null;
}

@ObjectType("AccessTokenConnection", {
  description: "A page of a list of AccessToken, oldest first.",
  simpleResolvers: true,
})
export class AccessTokenConnection extends connectionOf(AccessTokenType, "AccessToken") {}

@InputType({ description: "A new token." })
export class CreateAccessTokenInput {
  @Field({ description: "Who or what it is for: 1 to 100 characters, unique, also among the revoked." })
  name!: string;

  @Field(() => [String], {
    nullable: true,
    description:
      "Codes of the environments it may see and change. null: all, and recipes and tokens, too; say so, it may not be absent.",
  })
  environments?: string[] | null;

  @Field(() => DateTime, { nullable: true, description: "When it ends by itself; null or absent: never." })
  expiresAt?: Date | null;
}

@InputType({ description: "A token to end." })
export class RevokeAccessTokenInput {
  @Field({ description: "Name or id of the token; not the token itself." })
  accessToken!: string;
}

@ObjectType({ description: "What createAccessToken answers.", simpleResolvers: true })
export class CreateAccessTokenPayload extends Payload {
  @Field(() => AccessTokenType, { nullable: true, description: "What was made; null with errors." })
  accessToken?: AccessToken | null;

  @Field(() => String, {
    nullable: true,
    description: "The token itself, `rbk_…`: keep it now, it is never shown again. Null with errors.",
  })
  token?: string | null;
}

@ObjectType({ description: "What revokeAccessToken answers.", simpleResolvers: true })
export class RevokeAccessTokenPayload extends Payload {
  @Field(() => AccessTokenType, {
    nullable: true,
    description: "The token, which ends within seconds; null with errors.",
  })
  accessToken?: AccessToken | null;
}
