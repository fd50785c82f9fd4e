import type { RebakeProcess } from "./rebake-process.js";

const operationFields = `id kind state fromRevision toRevision commit steps { name state done of detail }
  cause { code message exitCode lastLines }`;

/** Follows an operation until its verdict and returns how it ended. */
export async function verdictOf(rebake: RebakeProcess, operation: string): Promise<any> {
  const subscribed = rebake.subscribe(
    `subscription($operation: ID!) { operationProgress(operation: $operation) { operation { ${operationFields} } } }`,
    { operation },
  );
  await subscribed.done;
  return subscribed.events.at(-1).operationProgress.operation;
}

export async function deploy(
  rebake: RebakeProcess,
  input: object,
): Promise<{ service: string; operation: string }> {
  const payload = await rebake.mutate(
    "mutation($input: DeployServiceInput!) { deployService(input: $input) { service { id } operation { id } errors { code message } } }",
    { input },
  );
  return { service: payload.service.id, operation: payload.operation.id };
}

export async function rebuild(rebake: RebakeProcess, service: string): Promise<string> {
  const payload = await rebake.mutate(
    "mutation($service: ID!) { rebuildService(input: { service: $service }) { operation { id } errors { code message } } }",
    { service },
  );
  return payload.operation.id;
}

export async function scale(rebake: RebakeProcess, service: string, replicas: number): Promise<string> {
  const payload = await rebake.mutate(
    "mutation($input: ScaleServiceInput!) { scaleService(input: $input) { operation { id } errors { code message } } }",
    { input: { service, replicas } },
  );
  return payload.operation.id;
}

/** How an operation that has to succeed, proven by a probe, has ended. */
export async function succeed(rebake: RebakeProcess, operation: string): Promise<any> {
  const verdict = await verdictOf(rebake, operation);
  if (verdict.state !== "SUCCEEDED") {
    throw new Error(`did not succeed: ${JSON.stringify(verdict)}`);
  }
  return verdict;
}

export async function serviceNamed(rebake: RebakeProcess, environment: string, name: string): Promise<any> {
  const query = `query($environment: String!, $name: String!) { service(environment: $environment, name: $name) {
    id state revision commit operation { id } update { id fromRevision toRevision } ports { address }
    tasks { state restarts message } operations(last: 1) { edges { node { ${operationFields} } } } } }`;
  return (await rebake.graphql(query, { environment, name })).service;
}
