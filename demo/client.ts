import { type Client, createClient } from "graphql-ws";
import { WebSocket } from "ws";
import {
  type BumpResult,
  bumpMutation,
  type OperationView,
  progressSubscription,
  type RebuildResult,
  type RecipeView,
  rebuildMutation,
  recipeQuery,
  type ServiceView,
  serviceQuery,
  type UpdateView,
  type UserError,
  updateSubscription,
} from "./operations.js";

/** The demo's only way to the API: queries and mutations over HTTP, subscriptions over a WebSocket. */
export class ApiClient {
  private readonly socket: Client;

  constructor(
    private readonly address: string,
    private readonly token: string,
  ) {
    this.socket = createClient({
      url: address.replace(/^http/, "ws"),
      webSocketImpl: WebSocket,
      connectionParams: { authorization: `Bearer ${token}` },
      retryAttempts: 0,
    });
  }

  /** The service, null when there is none of that name. */
  async service(environment: string, name: string): Promise<ServiceView | null> {
    const data = await this.request<{ service: ServiceView | null }>(serviceQuery, { environment, name });
    return data.service;
  }

  /** The recipe, and a cursor before anything that is done to it from here on. */
  async recipe(name: string): Promise<{ recipe: RecipeView; cursor: string }> {
    const data = await this.request<{ recipe: RecipeView | null; cursor: string }>(recipeQuery, { name });
    if (data.recipe === null) {
      throw new Error(`The server has no recipe ${name}.`);
    }
    return { recipe: data.recipe, cursor: data.cursor };
  }

  /** Makes the next revision of a recipe. */
  async bump(input: Record<string, unknown>): Promise<BumpResult> {
    const { bumpRecipe } = await this.request<{ bumpRecipe: BumpResult }>(bumpMutation, { input });
    return accepted(bumpRecipe);
  }

  /** Asks for a rebuild; with the same key always the same one. */
  async rebuild(
    service: string,
    idempotencyKey: string,
  ): Promise<RebuildResult & { operation: { id: string } }> {
    const input = { service, idempotencyKey };
    const data = await this.request<{ rebuildService: RebuildResult }>(rebuildMutation, { input });
    const result = accepted(data.rebuildService);
    if (result.operation === null) {
      throw new Error("rebuildService returned neither an operation nor an error.");
    }
    return { ...result, operation: result.operation };
  }

  /** Every update of an environment's services after the cursor, one event each. */
  async *updates(environment: string, after: string): AsyncGenerator<UpdateView> {
    const variables = { environment, after };
    const events = this.subscribe<{ updateAvailable: { update: UpdateView } }>(updateSubscription, variables);
    for await (const { updateAvailable } of events) {
      yield updateAvailable.update;
    }
  }

  /** An operation's states after the cursor, until its verdict. */
  async *progress(operation: string, after: string): AsyncGenerator<OperationView> {
    const variables = { operation, after };
    const events = this.subscribe<{ operationProgress: { operation: OperationView } }>(
      progressSubscription,
      variables,
    );
    for await (const { operationProgress } of events) {
      yield operationProgress.operation;
    }
  }

  /** Ends all subscriptions. */
  async close(): Promise<void> {
    await this.socket.dispose();
  }

  private async request<T>(query: string, variables: Record<string, unknown>): Promise<T> {
    const response = await fetch(this.address, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${this.token}` },
      body: JSON.stringify({ query, variables }),
    });
    const result = (await response.json()) as { data?: T; errors?: { message: string }[] };
    if (!result.data || result.errors) {
      const messages = result.errors?.map(({ message }) => message).join("; ");
      throw new Error(`The API answered ${response.status}: ${messages ?? "no data"}`);
    }
    return result.data;
  }

  private async *subscribe<T>(query: string, variables: Record<string, unknown>): AsyncGenerator<T> {
    for await (const { data, errors } of this.socket.iterate<T>({ query, variables })) {
      if (!data || errors) {
        throw new Error(`The subscription failed: ${errors?.map(({ message }) => message).join("; ")}`);
      }
      yield data;
    }
  }
}

function accepted<T extends { errors: UserError[] }>(result: T): T {
  if (result.errors.length > 0) {
    throw new Error(result.errors.map(({ code, message }) => `${code}: ${message}`).join("; "));
  }
  return result;
}
