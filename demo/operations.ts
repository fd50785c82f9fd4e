/** The GraphQL documents of the demo and what they return. */

import type { OperationState } from "../src/events/event-map.js";
import type { StepName, StepState } from "../src/operations/driver.js";

export interface UserError {
  code: string;
  field?: string[] | null;
  message: string;
}

export interface ServiceView {
  id: string;
  state: string;
  operation: { id: string; state: OperationState } | null;
  ports: { address: string }[];
  commit: string | null;
  revision: number | null;
}

export const serviceQuery = /* GraphQL */ `
  query Service($environment: String!, $name: String!) {
    service(environment: $environment, name: $name) {
      id
      state
      operation { id state }
      ports { address }
      commit
      revision
    }
  }
`;

export interface EnvVarView {
  name: string;
  kind: string;
  value: string | null;
  default: string | null;
  label: string | null;
  help: string | null;
  required: boolean;
}

export interface RecipeView {
  current: { number: number; spec: { env: EnvVarView[]; rollout: { order: string; drain: number } } };
}

export const recipeQuery = /* GraphQL */ `
  query Recipe($name: String!) {
    cursor
    recipe(name: $name) {
      current {
        number
        spec {
          env { name kind value default label help required }
          rollout { order drain }
        }
      }
    }
  }
`;

export interface BumpResult {
  revision: { number: number } | null;
  cursor: string;
  affected: { totalCount: number } | null;
  errors: UserError[];
}

export const bumpMutation = /* GraphQL */ `
  mutation Bump($input: BumpRecipeInput!) {
    bumpRecipe(input: $input) {
      revision { number }
      cursor
      affected { totalCount }
      errors { code field message }
    }
  }
`;

export interface RebuildResult {
  operation: { id: string } | null;
  cursor: string;
  errors: UserError[];
}

export const rebuildMutation = /* GraphQL */ `
  mutation Rebuild($input: RebuildServiceInput!) {
    rebuildService(input: $input) {
      operation { id }
      cursor
      errors { code message }
    }
  }
`;

export interface ChangeView {
  path: string[];
  before: string | null;
  after: string | null;
  secret: boolean;
}

export interface UpdateView {
  id: string;
  service: { id: string; name: string };
  reasons: string[];
  fromRevision: number | null;
  toRevision: number | null;
  changes: ChangeView[];
}

export const updateSubscription = /* GraphQL */ `
  subscription Updates($environment: String!, $after: Cursor) {
    updateAvailable(filter: { environment: $environment }, after: $after) {
      cursor
      update {
        id
        service { id name }
        reasons
        fromRevision
        toRevision
        changes { path before after secret }
      }
    }
  }
`;

export interface StepView {
  name: StepName;
  state: StepState;
  done: number;
  of: number;
  startedAt: string | null;
  finishedAt: string | null;
  detail: string | null;
}

export interface OperationView {
  id: string;
  state: OperationState;
  steps: StepView[];
  cause: { code: string; message: string; exitCode: number | null; lastLines: string[] } | null;
}

export const progressSubscription = /* GraphQL */ `
  subscription Progress($operation: ID!, $after: Cursor) {
    operationProgress(operation: $operation, after: $after) {
      cursor
      operation {
        id
        state
        steps { name state done of startedAt finishedAt detail }
        cause { code message exitCode lastLines }
      }
    }
  }
`;
