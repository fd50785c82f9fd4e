import type { RebakeProcess } from "./rebake-process.js";

export async function createEnvironment(rebake: RebakeProcess, code: string): Promise<void> {
  await rebake.mutate(
    "mutation($code: String!) { createEnvironment(input: { code: $code, driver: PROCESS }) { errors { message } } }",
    { code },
  );
}

export async function createRecipe(rebake: RebakeProcess, name: string, spec: object): Promise<void> {
  await rebake.mutate(
    `mutation($name: String!, $spec: RecipeSpecInput!) {
       createRecipe(input: { name: $name, type: SERVICE, spec: $spec }) { errors { message field } } }`,
    { name, spec },
  );
}

/** Bumps a recipe; returns how many services it leaves with an Update. */
export async function bump(rebake: RebakeProcess, recipe: string, spec: object): Promise<number> {
  const payload = await rebake.mutate(
    `mutation($recipe: String!, $spec: RecipeSpecInput!) {
       bumpRecipe(input: { recipe: $recipe, spec: $spec }) { affected { totalCount } errors { message field } } }`,
    { recipe, spec },
  );
  return payload.affected.totalCount;
}

/** Where the log of events is now. */
export async function cursorOf(rebake: RebakeProcess): Promise<string> {
  return (await rebake.graphql("{ cursor }")).cursor;
}
