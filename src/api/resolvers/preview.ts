import { Arg, Args, Ctx, FieldResolver, Query, Resolver, Root } from "type-graphql";
import { bind } from "../../domain/bind.js";
import { changesBetween, specChanges } from "../../domain/changes.js";
import type { Environment } from "../../domain/environment.js";
import { type BumpPreview, previewBump } from "../../domain/preview-bump.js";
import type { Classified, RolloutClass } from "../../domain/rollout-class.js";
import { mayLookInto } from "../access.js";
import type { RequestContext } from "../context.js";
import { runQuery } from "../mutation.js";
import { pageOfList, stretchOf } from "../paging.js";
import { toPlain } from "../plain.js";
import { PageArgs } from "../types/connection.js";
import { RolloutClassEnum } from "../types/enums.js";
import { BumpRecipeInput } from "../types/inputs.js";
import {
  BumpPreviewType,
  PreviewCountsType,
  PreviewedServiceConnection,
  PreviewedServiceType,
} from "../types/preview.js";
import { ServiceType } from "../types/service.js";
import { FieldChangeType } from "../types/update.js";

type Shown = Partial<BumpPreview>;

@Resolver(() => BumpPreviewType)
export class PreviewResolver {
  @Query(() => BumpPreviewType, {
    description:
      "What a bump would do to every service of the recipe, without doing it; expectedPreview does not matter here.",
  })
  previewBump(
    @Ctx() context: RequestContext,
    @Arg("input", () => BumpRecipeInput, { description: "The bump." }) input: BumpRecipeInput,
  ) {
    const mayShow = (environment: Environment) => mayLookInto(context.scope, environment);
    return runQuery(context, (tx) => previewBump(tx, toPlain(input), context.deps.drivers, mayShow));
  }

  @FieldResolver(() => [FieldChangeType], {
    description: "What would change of the recipe's spec; none with errors.",
  })
  changes(@Root() { before, after }: Shown) {
    return after ? specChanges(before ?? null, after) : [];
  }

  @FieldResolver(() => PreviewCountsType, { nullable: true, description: "Counts; null with errors." })
  counts(@Root() { services }: Shown) {
    const count = (wanted: RolloutClass) => services!.filter((one) => one.class === wanted).length;
    return (
      services && {
        noOp: count("NO_OP"),
        rolling: count("ROLLING"),
        downtime: count("DOWNTIME"),
        total: services.length,
      }
    );
  }

  @FieldResolver(() => PreviewedServiceConnection, {
    nullable: true,
    description: "Every service of the recipe that the token may see; null with errors.",
  })
  services(
    @Root() { services }: Shown,
    @Ctx() context: RequestContext,
    @Args(() => PageArgs) args: PageArgs,
    @Arg("class", () => RolloutClassEnum, { nullable: true, description: "Only those of this class." })
    wanted: RolloutClass | null,
  ) {
    const shown = services?.filter((one) => !wanted || one.class === wanted);
    return shown
      ? pageOfList(shown, (one) => one.service.id, stretchOf(args, context.listings.services))
      : null;
  }
}

@Resolver(() => PreviewedServiceType)
export class PreviewedServiceResolver {
  @FieldResolver(() => ServiceType, { description: "The service." })
  service(@Root() { service }: Classified, @Ctx() context: RequestContext) {
    return context.loaders.service.load(service.id);
  }

  @FieldResolver(() => [FieldChangeType], {
    description: "What its rebuild would change, against what runs; a newer commit is not among it.",
  })
  async changes(@Root() { service: { deployedSpec }, next }: Classified, @Ctx() context: RequestContext) {
    const running = deployedSpec === null ? null : await context.loaders.spec.load(deployedSpec);
    return changesBetween(running && bind(running.base, running), bind(next.base, next));
  }
}
