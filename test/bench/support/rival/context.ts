import DataLoader from "dataloader";
import { type DataSource, type EntityTarget, In, type ObjectLiteral } from "typeorm";
import { loadSpecs, type StoredSpec } from "../../../../src/domain/spec-store.js";
import { Environment, Recipe, Service, Update } from "./types.js";

/** What one request has read. */
export interface Context {
  dataSource: DataSource;
  environments: DataLoader<string, Environment>;
  recipes: DataLoader<string, Recipe>;
  services: DataLoader<string, Service>;
  updatesOfServices: DataLoader<string, Update | null>;
  specs: DataLoader<string, StoredSpec>;
}

/** A new one for each request. */
export function createContext(dataSource: DataSource): Context {
  return {
    dataSource,
    environments: byId(dataSource, Environment),
    recipes: byId(dataSource, Recipe),
    services: byId(dataSource, Service),
    updatesOfServices: new DataLoader(async (serviceIds) => {
      const found = await dataSource.getRepository(Update).findBy({ serviceId: In([...serviceIds]) });
      const updates = new Map(found.map((update) => [update.serviceId, update]));
      return serviceIds.map((id) => updates.get(id) ?? null);
    }),
    specs: new DataLoader(async (ids) => {
      const found = await loadSpecs(dataSource.manager, ids);
      return ids.map((id) => found.get(id)!);
    }),
  };
}

function byId<T extends ObjectLiteral & { id: string }>(dataSource: DataSource, target: EntityTarget<T>) {
  return new DataLoader<string, T>(async (ids) => {
    const found = await dataSource.getRepository(target).findBy({ id: In([...ids]) } as never);
    const nodes = new Map(found.map((node) => [node.id, node]));
    return ids.map((id) => nodes.get(id) ?? new Error(`there is no ${id}`));
  });
}
