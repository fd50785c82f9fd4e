import { Field, InputType, ObjectType } from "type-graphql";
import type { Credential, CredentialKind } from "../../domain/credential.js";
import { connectionOf } from "./connection.js";
import { CredentialKindEnum } from "./enums.js";
import { NodeType } from "./node.js";
import { Payload } from "./payloads.js";
import { DateTime } from "./scalars.js";

@ObjectType("Credential", {
  implements: NodeType,
  description: "What opens a private repository or registry; recipes name it. Its secret is never shown.",
  simpleResolvers: true,
})
export class CredentialType extends NodeType {
  @Field({ description: "A unique DNS label; never changes." })
  name!: string;

  @Field(() => CredentialKindEnum, { description: "What it opens." })
  kind!: CredentialKind;

  @Field({ description: "The user it is for; git servers that take tokens accept any." })
  username!: string;

  @Field(() => String, { nullable: true, description: "Address of the registry; null for GIT." })
  server!: string | null;

  @Field(() => DateTime, { description: "When it was made." })
  createdAt!: Date;

  @Field(() => DateTime, { description: "When it was last replaced." })
  updatedAt!: Date;
}

@ObjectType("CredentialConnection", {
  description: "A page of a list of Credential, oldest first.",
  simpleResolvers: true,
})
export class CredentialConnection extends connectionOf(CredentialType, "Credential") {}

@InputType({ description: "A new credential." })
export class CreateCredentialInput {
  @Field({ description: "A unique DNS label, by which recipes name it; never changes." })
  name!: string;

  @Field(() => CredentialKindEnum, { description: "What it opens." })
  kind!: CredentialKind;

  @Field({ description: "The user it is for." })
  username!: string;

  @Field({ description: "Password or token; encrypted, and never shown again." })
  secret!: string;

  @Field(() => String, {
    nullable: true,
    description: "For REGISTRY: its address, e.g. `registry.example.com:5000`.",
  })
  server?: string | null;
}

@InputType({ description: "What a credential is to become; what is absent stays." })
export class ReplaceCredentialInput {
  @Field({ description: "Name or id of the credential." })
  credential!: string;

  @Field(() => String, { nullable: true, description: "Another user." })
  username?: string | null;

  @Field(() => String, { nullable: true, description: "Another password or token." })
  secret?: string | null;

  @Field(() => String, { nullable: true, description: "For REGISTRY: another address." })
  server?: string | null;
}

@InputType({ description: "A credential to take away." })
export class DeleteCredentialInput {
  @Field({ description: "Name or id of the credential." })
  credential!: string;
}

@ObjectType({ description: "What createCredential answers.", simpleResolvers: true })
export class CreateCredentialPayload extends Payload {
  @Field(() => CredentialType, { nullable: true, description: "The new credential; null with errors." })
  credential?: Credential | null;
}

@ObjectType({ description: "What replaceCredential answers.", simpleResolvers: true })
export class ReplaceCredentialPayload extends Payload {
  @Field(() => CredentialType, { nullable: true, description: "The credential; null with errors." })
  credential?: Credential | null;
}

@ObjectType({ description: "What deleteCredential answers.", simpleResolvers: true })
export class DeleteCredentialPayload extends Payload {
  @Field(() => CredentialType, { nullable: true, description: "What is gone now; null with errors." })
  credential?: Credential | null;
}
