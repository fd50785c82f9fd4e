import {
  type DocumentNode,
  type ExecutionResult,
  execute,
  GraphQLError,
  type GraphQLFormattedError,
  type GraphQLSchema,
} from "graphql";
import type { ChannelSource } from "../events/channel.js";
import type { LoggedEvent } from "../events/event-map.js";
import type { Hub } from "../events/hub.js";
import type { Subscriber } from "../events/subscriber.js";
import type { Subscription } from "../events/subscription.js";
import type { Feed } from "./feed.js";
import { subscriptionKey } from "./subscription-key.js";

/** Turns an error into what a client may see; used for everything that leaves over a socket. */
export type FormatError = (error: GraphQLError) => GraphQLFormattedError;

export interface SubscriptionsOptions<Scope> {
  schema: GraphQLSchema;
  hub: Hub;
  formatError: FormatError;
  /** Equal for callers who are allowed to see the same. */
  scopeKey: (scope: Scope) => string;
  /** A new context for each batch of events, so that data loaders are shared by a batch and never stale. */
  eventContext: (scope: Scope) => unknown;
  /** Throws CURSOR_INVALID or CURSOR_EXPIRED when nothing can be replayed from there. */
  checkCursor: (after: bigint) => Promise<void>;
}

export interface OpenFeed<Scope> {
  document: DocumentNode;
  operationName?: string | null | undefined;
  variables: Record<string, unknown>;
  scope: Scope;
  feed: Feed;
  subscriber: Subscriber;
}

/** Serves feeds to subscribers of any transport: one execution an event for all who ask the same. */
export class Subscriptions<Scope> {
  constructor(private readonly options: SubscriptionsOptions<Scope>) {}

  /** Equal for callers who are allowed to see the same. */
  scopeKey(scope: Scope): string {
    return this.options.scopeKey(scope);
  }

  /** Throws what is wrong with where a feed begins; before `open`. */
  async check(feed: Feed): Promise<void> {
    const { after } = feed.source;
    if (after !== null && after !== undefined) {
      await this.options.checkCursor(after);
    }
  }

  /** Begins delivery of response payloads as JSON text. */
  open(request: OpenFeed<Scope>): Subscription {
    const { document, operationName, variables, scope, feed } = request;
    return this.options.hub.subscribe({
      key: subscriptionKey(document, operationName, variables, this.options.scopeKey(scope)),
      source: () => this.source(request),
      subscriber: request.subscriber,
      after: feed.source.after,
      initial: feed.source.initial,
    });
  }

  private source(request: OpenFeed<Scope>): ChannelSource {
    const { feed, scope } = request;
    return {
      filter: feed.source,
      isLast: feed.source.isLast,
      render: async (events) => {
        const contextValue = this.options.eventContext(scope);
        return Promise.all(events.map((event) => this.renderOne(request, event, contextValue)));
      },
    };
  }

  private async renderOne(
    request: OpenFeed<Scope>,
    event: LoggedEvent,
    contextValue: unknown,
  ): Promise<string> {
    try {
      const result = await execute({
        schema: this.options.schema,
        document: request.document,
        operationName: request.operationName ?? null,
        variableValues: request.variables,
        rootValue: event,
        contextValue,
      });
      return JSON.stringify(formatResult(result, this.options.formatError));
    } catch (error) {
      return JSON.stringify({ data: null, errors: [this.options.formatError(asGraphQLError(error))] });
    }
  }
}

/** A result as it is sent, with its errors formatted. */
export function formatResult(result: ExecutionResult, formatError: FormatError) {
  const { errors, ...rest } = result;
  return errors ? { ...rest, errors: errors.map(formatError) } : rest;
}

/** Anything thrown as an error of GraphQL that leads to what was thrown. */
export function asGraphQLError(error: unknown): GraphQLError {
  if (error instanceof GraphQLError) {
    return error;
  }
  const originalError = error instanceof Error ? error : new Error(String(error));
  return new GraphQLError(originalError.message, { originalError });
}
