import { Arg, Args, Ctx, Mutation, Query, Resolver } from "type-graphql";
import { createAccessToken } from "../../domain/create-access-token.js";
import { revokeAccessToken } from "../../domain/revoke-access-token.js";
import { assertMayChangeAll } from "../access.js";
import type { RequestContext } from "../context.js";
import { runMutation } from "../mutation.js";
import { stretchOf } from "../paging.js";
import {
  AccessTokenConnection,
  AccessTokenType,
  CreateAccessTokenInput,
  CreateAccessTokenPayload,
  RevokeAccessTokenInput,
  RevokeAccessTokenPayload,
} from "../types/access-token.js";
import { PageArgs } from "../types/connection.js";

/** Tokens are for tokens that may do everything. */
@Resolver(() => AccessTokenType)
export class AccessTokenResolver {
  @Query(() => AccessTokenConnection, { description: "Tokens, also ended ones, oldest first." })
  accessTokens(@Ctx() context: RequestContext, @Args(() => PageArgs) args: PageArgs) {
    assertMayChangeAll(context);
    const list = context.listings.accessTokens;
    return context.loaders.page(list, { parent: null, where: [] }, stretchOf(args, list));
  }

  @Mutation(() => CreateAccessTokenPayload, {
    description: "Makes a token for all environments or for some, and shows it this one time.",
  })
  createAccessToken(
    @Ctx() context: RequestContext,
    @Arg("input", () => CreateAccessTokenInput, { description: "Whom it is for, and what it may." })
    input: CreateAccessTokenInput,
  ) {
    const check = () => assertMayChangeAll(context);
    return runMutation(context, check, (tx) => createAccessToken(tx, input, context.actor));
  }

  @Mutation(() => RevokeAccessTokenPayload, {
    description:
      "Ends a token for ever: within 5 seconds it is refused everywhere and its sockets are closed. The last valid one for all environments stays.",
  })
  async revokeAccessToken(
    @Ctx() context: RequestContext,
    @Arg("input", () => RevokeAccessTokenInput, { description: "Which." }) input: RevokeAccessTokenInput,
  ) {
    const check = () => assertMayChangeAll(context);
    const answer = await runMutation(context, check, async (tx) => ({
      accessToken: await revokeAccessToken(tx, input, context.actor),
    }));
    if (answer.accessToken) {
      context.deps.hints.hint("tokens", answer.accessToken.id);
    }
    return answer;
  }
}
