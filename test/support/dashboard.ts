import { serviceNamed, verdictOf } from "./operations.js";
import type { RebakeProcess } from "./rebake-process.js";

/** Waits until all that was installed runs. */
export async function installed(rebake: RebakeProcess): Promise<void> {
  for (const name of ["catalog", "orders", "gateway"]) {
    const { operations } = await serviceNamed(rebake, "DASHBOARD", name);
    const verdict = await verdictOf(rebake, operations.edges[0].node.id);
    if (verdict.state !== "SUCCEEDED") {
      throw new Error([name, JSON.stringify(verdict), ...rebake.output].join("\n"));
    }
  }
}

export async function bump(rebake: RebakeProcess, recipe: string, spec: object): Promise<any> {
  return rebake.mutate(
    "mutation($input: BumpRecipeInput!) { bumpRecipe(input: $input) { revision { number } affected { edges { node { service { name } } } } errors { code message } } }",
    { input: { recipe, spec } },
  );
}

/** Asks for the removal of all services and waits until they are gone. */
export async function removeAll(rebake: RebakeProcess): Promise<void> {
  const { services } = await rebake.graphql("{ services { edges { node { id } } } }");
  const operations: string[] = [];
  for (const { node } of services.edges) {
    const payload = await rebake.mutate(
      "mutation($service: ID!) { removeService(input: { service: $service }) { operation { id } errors { code message } } }",
      { service: node.id },
    );
    operations.push(payload.operation.id);
  }
  for (const operation of operations) {
    const verdict = await verdictOf(rebake, operation);
    if (verdict.state !== "SUCCEEDED") {
      throw new Error(`removal: ${JSON.stringify(verdict)}`);
    }
  }
}
