import { randomUUID } from "node:crypto";
import type { DataSource } from "typeorm";
import type { Actor, Scope } from "../domain/actor.js";
import type { EventLog } from "../events/event-log.js";
import type { Notifier } from "../events/notifier.js";
import type { Log } from "../log.js";
import type { Driver, DriverKind } from "../operations/driver.js";
import { Reads } from "../storage/reads.js";
import type { SecretBox } from "../storage/secrets.js";
import type { Transactions } from "../storage/transaction.js";
import { ChangesCache } from "./changes-cache.js";
import { createListings, type Listings } from "./listings.js";
import { Loaders } from "./loaders.js";

/** What resolvers work with. */
export interface ApiDeps {
  dataSource: DataSource;
  transactions: Transactions;
  drivers: ReadonlyMap<DriverKind, Driver>;
  /** Id of this server's home: PROCESS environments of other hosts cannot be looked into from here. */
  hostId: string;
  secretBox: SecretBox;
  eventLog: Pick<EventLog, "position">;
  /** Tells that an operation's log grew, and that a token was revoked. */
  hints: Pick<Notifier, "on" | "hint">;
  log: Log;
}

/** Everything a resolver knows of the request it works for. */
export interface RequestContext {
  readonly requestId: string;
  readonly actor: Actor;
  readonly scope: Scope;
  readonly deps: ApiDeps;
  readonly listings: Listings;
  readonly reads: Reads;
  readonly changes: ChangesCache;
  /** Replaced after every mutation, because what was read before may have changed. */
  loaders: Loaders;
}

/** Makes contexts; holds what requests share. */
export class Contexts {
  private readonly listings: Listings;
  private readonly reads: Reads;
  private readonly changes = new ChangesCache();
  constructor(private readonly deps: ApiDeps) {
    this.listings = createListings(deps.dataSource);
    this.reads = new Reads(deps.dataSource);
  }

  forRequest(actor: Actor, scope: Scope, requestId: string): RequestContext {
    const { deps, listings, reads, changes } = this;
    const loaders = new Loaders(deps.dataSource, reads, listings);
    return { requestId, actor, scope, deps, listings, reads, changes, loaders };
  }

  /** For one batch of events, which subscribers of the same scope share: nobody in particular asks. */
  forEvents(scope: Scope): RequestContext {
    return this.forRequest({ tokenId: "", name: "event" }, scope, randomUUID());
  }
}

/** Forgets what was read before a change. */
export function forgetReads(context: RequestContext): void {
  context.loaders = new Loaders(context.deps.dataSource, context.reads, context.listings);
}
