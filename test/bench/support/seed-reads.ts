import pg from "pg";
import { bumpRecipe } from "../../../src/domain/bump-recipe.js";
import { createRecipe } from "../../../src/domain/create-recipe.js";
import { entities } from "../../../src/domain/entities.js";
import { openDatabase } from "../../../src/storage/data-source.js";
import { Transactions } from "../../../src/storage/transaction.js";
import { silent } from "../../support/silent.js";
import { benchActor, benchDrivers, seedServices, specOf } from "./seed.js";

const services = 1_000;
const recipes = 50;
const revisions = 20;
/** How many recipes changed in their last revision, so that each of their services has an Update. */
const changed = 15;

/**
 * 1,000 services in 10 environments, made from 50 recipes with 20 revisions each; 300 of them have an Update.
 * Services run the last revision but one.
 */
export async function seedReads(url: string): Promise<void> {
  await seedServices(url, services);
  const database = await openDatabase({ url, log: silent, entities });
  const transactions = new Transactions(database.dataSource);
  const drivers = benchDrivers();
  const names = Array.from({ length: recipes }, (_, n) => `recipe-${n}`);
  const bump = (recipe: string, number: number, spec: object) =>
    transactions.run((tx) =>
      bumpRecipe(tx, { recipe, message: `Change number ${number}`, spec }, benchActor, drivers),
    );
  for (const name of names) {
    await transactions.run((tx) => createRecipe(tx, { name, spec: specOf("level 1") }, benchActor));
    for (let number = 2; number < revisions - 1; number++) {
      await bump(name, number, specOf(`level ${number}`));
    }
    await bump(name, revisions - 1, specOf("info"));
  }
  await spreadServices(database.dataSource, revisions - 1);
  for (const [n, name] of names.entries()) {
    await bump(name, revisions, n < changed ? specOf("debug") : { labels: [] });
  }
  await database.close();
  await analyse(url);
}

/** All services run the same spec, so that they can change to a recipe whose revision `number` has it. */
async function spreadServices(
  source: { query(sql: string, values: unknown[]): Promise<unknown> },
  number: number,
) {
  await source.query(
    `update service s set recipe_id = r.id, desired_revision = $1, deployed_revision = $1
     from recipe r
     where r.name = 'recipe-' || (substring(s.name from '\\d+')::int % $2)`,
    [number, recipes],
  );
}

async function analyse(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query("vacuum analyze");
  await client.end();
}
