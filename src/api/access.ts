import type { DataSource } from "typeorm";
import { AccessToken, hashToken } from "../domain/access-token.js";
import type { Actor, Scope } from "../domain/actor.js";
import type { BulkRebuild } from "../domain/bulk-rebuild.js";
import type { Environment } from "../domain/environment.js";
import type { Service } from "../domain/service.js";
import { RequestError, UserInputError } from "../errors.js";
import type { RequestContext } from "./context.js";
import type { Condition } from "./listings.js";

const cacheSize = 1_000;

/** Who a valid token stands for. */
export interface Identity {
  actor: Actor;
  scope: Scope;
  /** When it ends; null: never. */
  expiresAt: Date | null;
}

/** Finds out who calls: the one place that looks at tokens. */
export class Authenticator {
  private readonly cache = new Map<string, { token: AccessToken; until: number }>();
  /** How often it has forgotten: what was read before may be out of date. */
  private forgotten = 0;

  /** @param cacheFor how long a revoked token may still be taken for valid, in ms */
  constructor(
    private readonly dataSource: DataSource,
    private readonly cacheFor = 5_000,
  ) {}

  /**
   * @param authorization an Authorization header, or the same text from a WebSocket's `connection_init`
   * @throws RequestError UNAUTHENTICATED
   */
  async authenticate(authorization: unknown): Promise<Identity> {
    const match = typeof authorization === "string" ? /^Bearer +(\S{1,500})$/i.exec(authorization) : null;
    const token = match ? await this.lookUp(hashToken(match[1]!)) : null;
    if (!token || token.revokedAt || (token.expiresAt && token.expiresAt.getTime() <= Date.now())) {
      const which = match ? "This token is unknown, revoked or expired" : "A token is needed";
      throw new RequestError(
        "UNAUTHENTICATED",
        `${which}: send the header \`Authorization: Bearer <token>\`.`,
      );
    }
    return {
      actor: { tokenId: token.id, name: token.name },
      scope: { role: token.role, environments: token.environments },
      expiresAt: token.expiresAt,
    };
  }

  /** Looks at every token anew from now on: one may have been revoked. */
  forget(): void {
    this.forgotten++;
    this.cache.clear();
  }

  private async lookUp(hash: Buffer): Promise<AccessToken | null> {
    const key = hash.toString("hex");
    const cached = this.cache.get(key);
    if (cached && cached.until > Date.now()) {
      return cached.token;
    }
    this.cache.delete(key);
    const { forgotten } = this;
    const token = await this.dataSource.getRepository(AccessToken).findOneBy({ hash });
    if (token && forgotten === this.forgotten) {
      this.keep(key, token);
    }
    return token;
  }

  /** Unknown tokens are not kept, so that guessing cannot push out those in use. */
  private keep(key: string, token: AccessToken): void {
    if (this.cache.size >= cacheSize) {
      this.cache.delete(this.cache.keys().next().value!);
    }
    this.cache.set(key, { token, until: Date.now() + this.cacheFor });
  }
}

/** Whether the environment with this code may be seen. */
export function maySee(scope: Scope, code: string): boolean {
  return scope.environments === null || scope.environments.includes(code);
}

/** The same for an environment that is or was there. */
export function mayLookInto(scope: Scope, { code, deletedAt }: Environment): boolean {
  return scope.environments === null || (deletedAt === null && maySee(scope, code));
}

/**
 * What the rows of a table with this column must satisfy to be seen. A code means the environment that has it now: the
 * history of a deleted one is for tokens for all environments.
 */
export function visibleIn(scope: Scope, column = "t.environment_id"): Condition[] {
  if (scope.environments === null) {
    return [];
  }
  const sql = `${column} in (select id from environment where code = any(?::text[]) and deleted_at is null)`;
  return [{ sql, values: [scope.environments] }];
}

/** Ids of deleted environments that had a code of this scope: their events tell of somebody else's services. */
export async function deletedEnvironmentIds(source: DataSource, scope: Scope): Promise<ReadonlySet<string>> {
  if (scope.environments === null) {
    return new Set();
  }
  const rows: { id: string }[] = await source.query(
    "select id from environment where code = any($1::text[]) and deleted_at is not null",
    [scope.environments],
  );
  return new Set(rows.map(({ id }) => id));
}

/** The environment if the caller may see it. */
export async function visibleEnvironment(context: RequestContext, id: string): Promise<Environment | null> {
  const environment = await context.loaders.environment.load(id);
  const { scope } = context;
  return environment && mayLookInto(scope, environment) ? environment : null;
}

/** The service, also a removed one, if the caller may see it. */
export async function visibleService(context: RequestContext, id: string): Promise<Service | null> {
  const service = await context.loaders.service.load(id);
  return service && (await visibleEnvironment(context, service.environmentId)) ? service : null;
}

/** The bulk rebuild if the caller may see all of its environments. */
export async function visibleBulkRebuild(context: RequestContext, id: string): Promise<BulkRebuild | null> {
  const bulk = await context.loaders.bulkRebuild.load(id);
  const seen = await Promise.all((bulk?.environments ?? []).map((one) => visibleEnvironment(context, one)));
  return bulk && seen.every((environment) => environment !== null) ? bulk : null;
}

/** What rows of bulk rebuilds must satisfy to be seen. */
export function visibleBulkRebuilds(scope: Scope): Condition[] {
  if (scope.environments === null) {
    return [];
  }
  const sql =
    "t.environments <@ array(select id from environment where code = any(?::text[]) and deleted_at is null)";
  return [{ sql, values: [scope.environments] }];
}

/**
 * For changes inside one environment, by its code.
 * @throws UserInputError NOT_FOUND, as if it were not there
 */
export function assertMayChange(context: RequestContext, environment: string): void {
  if (!maySee(context.scope, environment)) {
    throw new UserInputError("NOT_FOUND", `There is no environment ${environment.slice(0, 80)}.`, [
      "environment",
    ]);
  }
}

/** The same, by the id of something inside it. */
export async function assertMayChangeService(context: RequestContext, id: string): Promise<void> {
  if (context.scope.environments !== null && !(await visibleService(context, id))) {
    throw new UserInputError("NOT_FOUND", `There is no service ${id.slice(0, 80)}.`, ["service"]);
  }
}

/** The same, for an operation on a service inside it. */
export async function assertMayChangeOperation(context: RequestContext, id: string): Promise<void> {
  if (context.scope.environments === null) {
    return;
  }
  const operation = await context.loaders.operation.load(id);
  if (!operation || !(await visibleEnvironment(context, operation.environmentId))) {
    throw new UserInputError("NOT_FOUND", `There is no operation ${id.slice(0, 80)}.`, ["operation"]);
  }
}

/**
 * For what a service's own source differs in: whoever names a credential decides which server gets to see it.
 * @throws RequestError FORBIDDEN
 */
export function assertMayNameCredential(context: RequestContext, source: object | null | undefined): void {
  if (source && "credential" in source && source.credential) {
    assertMayChangeAll(context);
  }
}

/**
 * For what touches every environment: recipes, and environments themselves.
 * @throws RequestError FORBIDDEN
 */
export function assertMayChangeAll(context: RequestContext): void {
  if (context.scope.environments !== null) {
    const codes = context.scope.environments.join(", ") || "no environment";
    throw new RequestError(
      "FORBIDDEN",
      `This token is for ${codes} only; this needs one for all environments.`,
    );
  }
}
