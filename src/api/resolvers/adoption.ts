import { Arg, Ctx, FieldResolver, Mutation, Resolver, Root } from "type-graphql";
import { adoptService, whyNotAdoptable } from "../../domain/adopt-service.js";
import type { Environment } from "../../domain/environment.js";
import { findEnvironment } from "../../domain/find.js";
import { forgetService } from "../../domain/forget-service.js";
import type { ForeignService } from "../../operations/driver.js";
import { assertMayChangeAll, assertMayChangeService } from "../access.js";
import type { RequestContext } from "../context.js";
import { runMutation } from "../mutation.js";
import { foreignServicesOf } from "../observe.js";
import { toPlain } from "../plain.js";
import {
  AdoptServiceInput,
  AdoptServicePayload,
  ForeignServiceType,
  ForgetServiceInput,
  ForgetServicePayload,
} from "../types/adoption.js";
import { EnvironmentType } from "../types/environment.js";

@Resolver(() => EnvironmentType)
export class AdoptionResolver {
  @FieldResolver(() => [ForeignServiceType], {
    nullable: true,
    description:
      "Services of its engine that this Rebake neither deployed nor adopted, by name; none for PROCESS. Null, with the error UNAVAILABLE, when this server cannot ask its engine; for tokens for all environments.",
  })
  async foreignServices(
    @Root() environment: Environment,
    @Ctx() context: RequestContext,
  ): Promise<ForeignServiceType[]> {
    assertMayChangeAll(context);
    if (environment.deletedAt !== null) {
      return [];
    }
    const there = await foreignServicesOf(context, environment);
    const adopted = await adoptedIn(context, environment);
    return there
      .filter(({ name }) => !adopted.has(name))
      .sort((a, b) => (a.name < b.name ? -1 : 1))
      .map((service) => {
        const why = whyNotAdoptable(service);
        return { ...service, why, adoptable: why === null };
      });
  }

  @Mutation(() => AdoptServicePayload, {
    description:
      "Takes over a service of an engine that Rebake did not deploy. Nothing of it changes before its first rebuild. Asked for again, it is the same service.",
  })
  adoptService(
    @Ctx() context: RequestContext,
    @Arg("input", () => AdoptServiceInput, { description: "Which, and what it shall be." })
    input: AdoptServiceInput,
  ) {
    let there: ForeignService[] = [];
    // The engine is asked before the transaction, which must not wait for it.
    const check = async () => {
      assertMayChangeAll(context);
      const { transactions } = context.deps;
      const environment = await transactions.read((tx) => findEnvironment(tx, input.environment));
      there = await foreignServicesOf(context, environment);
    };
    return runMutation(context, check, async (tx) => ({
      service: await adoptService(tx, toPlain(input), there, context.deps),
    }));
  }

  @Mutation(() => ForgetServicePayload, {
    description:
      "Gives back a service that was adopted and never rebuilt; nothing of it changes on the engine.",
  })
  forgetService(
    @Ctx() context: RequestContext,
    @Arg("input", () => ForgetServiceInput, { description: "Which." }) input: ForgetServiceInput,
  ) {
    const check = () => assertMayChangeService(context, input.service);
    return runMutation(context, check, async (tx) => ({ service: await forgetService(tx, input) }));
  }
}

/** What the engine calls the services that were adopted in an environment. */
async function adoptedIn(context: RequestContext, { id }: Environment): Promise<ReadonlySet<string>> {
  const rows = await context.reads.query<{ adopted: string }>(
    "select adopted from service where environment_id = $1 and adopted is not null and removed_at is null",
    [id],
  );
  return new Set(rows.map(({ adopted }) => adopted));
}
