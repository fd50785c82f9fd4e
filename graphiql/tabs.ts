/** An operation that GraphiQL opens with. */
export interface Tab {
  query: string;
  /** JSON; `<…>` in it is what the page fills in, see `fillIn`. */
  variables?: string;
}

/** What the tabs are about: as it is installed with Rebake. */
const installed = { environment: "DASHBOARD", recipe: "dashboard-service", service: "catalog" };

const unknown = {
  service: "<id of a service: see ListServices>",
  operation: "<id of an operation: see RebuildService>",
};

/** The tabs, in the order in which they tell the story: who is there, who is affected, rebuild, watch. */
export const tabs: readonly Tab[] = [
  {
    query: `# All services, where they can be reached,
# and whether a rebuild would change anything.
query ListServices {
  services {
    edges {
      node {
        id
        name
        state
        environment { code }
        recipe { name }
        revision
        ports { address }
        update { kind reasons }
      }
    }
  }
}
`,
  },
  {
    query: `# What a rebuild would change, field by field.
# UPDATE: only newer code is the reason.
# UPGRADE: recipe, inputs, environment or image.
query UpdatesAndUpgrades {
  updates {
    totalCount
    edges {
      node {
        kind
        reasons
        since
        service { id name }
        fromRevision
        toRevision
        changes { path before after }
      }
    }
  }
}
`,
  },
  {
    query: `# Run this, then BumpRecipe in another window: each
# affected service is told. Changing tabs ends it.
subscription UpdateAvailable {
  updateAvailable {
    cursor
    update {
      kind
      service { id name }
      fromRevision
      toRevision
      changes { path before after }
    }
  }
}
`,
  },
  {
    query: `# Makes the next revision of the recipe. To bump
# it once more, change "drain" in the variables.
mutation BumpRecipe($input: BumpRecipeInput!) {
  bumpRecipe(input: $input) {
    revision { number changes { path before after } }
    affected {
      edges {
        node {
          service { name }
          changes { path before after }
        }
      }
    }
    errors { code field message }
  }
}
`,
    variables: json({
      input: { recipe: installed.recipe, message: "Drain for less time", spec: { rollout: { drain: 4 } } },
    }),
  },
  {
    query: `# The old one serves until the new one is ready.
# Watch it with the operation's id: OperationProgress.
mutation RebuildService($input: RebuildServiceInput!) {
  rebuildService(input: $input) {
    operation { id state }
    errors { code field message }
  }
}
`,
    variables: json({ input: { service: unknown.service } }),
  },
  {
    query: `# Every step, from the first one on, until the
# verdict, whenever it is asked for.
subscription OperationProgress($operation: ID!) {
  operationProgress(operation: $operation) {
    operation {
      kind
      state
      service { name }
      steps { name state done of detail }
      cause { code message lastLines }
    }
  }
}
`,
    variables: json({ operation: unknown.operation }),
  },
];

/** Finds what `fillIn` needs. */
export const exampleQuery = `query Example {
  service(environment: "${installed.environment}", name: "${installed.service}") {
    id
    operations(last: 1) { edges { node { id } } }
  }
}`;

/** What `exampleQuery` answers; null when the examples were not installed or cannot be seen. */
export interface Example {
  service: { id: string; operations: { edges: { node: { id: string } }[] } } | null;
}

/** The tabs with the ids of an installed service and of its newest operation, so that each works as it is. */
export function fillIn(all: readonly Tab[], { service }: Example): Tab[] {
  const operation = service?.operations.edges[0]?.node.id ?? unknown.operation;
  return all.map(({ query, variables }) => ({
    query,
    ...(variables && {
      variables: variables
        .replace(unknown.service, service?.id ?? unknown.service)
        .replace(unknown.operation, operation),
    }),
  }));
}

function json(value: object): string {
  return JSON.stringify(value, null, 2);
}
