import { Arg, Args, Ctx, Mutation, Query, Resolver } from "type-graphql";
import { createCredential, deleteCredential, replaceCredential } from "../../domain/keep-credential.js";
import { assertMayChangeAll } from "../access.js";
import type { RequestContext } from "../context.js";
import { runMutation } from "../mutation.js";
import { stretchOf } from "../paging.js";
import { toPlain } from "../plain.js";
import { PageArgs } from "../types/connection.js";
import {
  CreateCredentialInput,
  CreateCredentialPayload,
  CredentialConnection,
  CredentialType,
  DeleteCredentialInput,
  DeleteCredentialPayload,
  ReplaceCredentialInput,
  ReplaceCredentialPayload,
} from "../types/credential.js";

/** Credentials are for tokens that may do everything. */
@Resolver(() => CredentialType)
export class CredentialResolver {
  @Query(() => CredentialConnection, { description: "Credentials, oldest first, without their secrets." })
  credentials(@Ctx() context: RequestContext, @Args(() => PageArgs) args: PageArgs) {
    assertMayChangeAll(context);
    const list = context.listings.credentials;
    return context.loaders.page(list, { parent: null, where: [] }, stretchOf(args, list));
  }

  @Mutation(() => CreateCredentialPayload, { description: "Adds a credential for recipes to name." })
  createCredential(
    @Ctx() context: RequestContext,
    @Arg("input", () => CreateCredentialInput, { description: "The new credential." })
    input: CreateCredentialInput,
  ) {
    const check = () => assertMayChangeAll(context);
    return runMutation(context, check, async (tx) => ({
      credential: await createCredential(tx, toPlain(input), context.deps.secretBox),
    }));
  }

  @Mutation(() => ReplaceCredentialPayload, {
    description:
      "Gives a credential another secret; it counts from the next operation on and outdates nothing.",
  })
  replaceCredential(
    @Ctx() context: RequestContext,
    @Arg("input", () => ReplaceCredentialInput, { description: "Which, and what it is to become." })
    input: ReplaceCredentialInput,
  ) {
    const check = () => assertMayChangeAll(context);
    return runMutation(context, check, async (tx) => ({
      credential: await replaceCredential(tx, toPlain(input), context.deps.secretBox),
    }));
  }

  @Mutation(() => DeleteCredentialPayload, { description: "Takes a credential away that nothing names." })
  deleteCredential(
    @Ctx() context: RequestContext,
    @Arg("input", () => DeleteCredentialInput, { description: "Which." }) input: DeleteCredentialInput,
  ) {
    const check = () => assertMayChangeAll(context);
    return runMutation(context, check, async (tx) => ({ credential: await deleteCredential(tx, input) }));
  }
}
