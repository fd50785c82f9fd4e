import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { stat } from "node:fs/promises";
import { createServer } from "node:net";
import { promisify } from "node:util";
import { expect } from "chai";
import { eventually } from "../support/eventually.js";
import { remainsOf, swarmHost, swarmInstall, sweep } from "../support/swarm.js";

const stack = `rebake-test-${process.pid}`;
const postgresImage = "rebake-test-postgres";
const socket = swarmHost ? new URL(swarmHost).pathname : "";
const run = promisify(execFile);

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

describe("the stack that runs Rebake on a swarm", function () {
  this.timeout(900_000);
  const environment: NodeJS.ProcessEnv = {
    ...process.env,
    DOCKER_HOST: swarmHost,
    POSTGRES_IMAGE: postgresImage,
    REBAKE_IMAGE: "rebake-test",
    REBAKE_INSTALL: "examples",
    REBAKE_INSTALL_IMAGE_PREFIX: swarmInstall.REBAKE_INSTALL_IMAGE_PREFIX,
    REBAKE_POSTGRES_PASSWORD: `${stack}-password`,
    REBAKE_SECRET_KEY_NAME: `${stack}-key`,
    DOCKER_SOCKET: socket,
  };
  let environmentId = "";
  let url: string;
  let token: string;

  before("build the images and deploy", async function () {
    if (!swarmHost) {
      this.skip();
    }
    const port = await freePort();
    environment.REBAKE_PORT = String(port);
    environment.REBAKE_ADVERTISE_URL = `http://${swarmInstall.HOST}:${port}`;
    environment.DOCKER_GID = String((await stat(socket)).gid);
    url = `http://127.0.0.1:${port}`;
    await docker("build", "--quiet", "--tag", postgresImage, "test/containers/postgres");
    await docker("build", "--quiet", "--tag", "rebake-test", ".");
    await secret(`${stack}-password`, randomBytes(16).toString("hex"));
    await secret(`${stack}-key`, randomBytes(32).toString("base64"));
    await docker(
      "stack",
      "deploy",
      "--resolve-image",
      "never",
      "--compose-file",
      "deploy/swarm-stack.yml",
      stack,
    );
  });

  after("take it down", async () => {
    if (!swarmHost) {
      return;
    }
    await docker("stack", "rm", stack);
    if (environmentId) {
      await sweep(environmentId);
    }
    const mine = ["--filter", `label=com.docker.stack.namespace=${stack}`, "--quiet"];
    for (const [kind, list] of [
      ["container", ["ls", "--all", ...mine]],
      ["volume", ["ls", ...mine]],
      ["network", ["ls", ...mine]],
    ] as const) {
      // Containers go by themselves, a little after their service.
      await eventually(
        async () => {
          const left = (await docker(kind, ...list)).split("\n").filter(Boolean);
          if (kind === "volume" && left.length > 0) {
            await docker("volume", "rm", ...left);
          }
          return left.length === 0;
        },
        { deadline: 90_000 },
      );
    }
    await docker("secret", "rm", `${stack}-password`, `${stack}-key`);
  });

  const docker = async (...args: string[]) =>
    (await run("docker", args, { env: environment, maxBuffer: 64 << 20 })).stdout.trim();
  async function secret(name: string, value: string): Promise<void> {
    const made = run("docker", ["secret", "create", name, "-"], { env: environment });
    made.child.stdin!.end(value);
    await made;
  }
  /** The running container of a service of the stack. */
  const containerOf = async (service: string) => {
    const label = `label=com.docker.swarm.service.name=${stack}_${service}`;
    return (await docker("ps", "--quiet", "--filter", label)).split("\n")[0]!;
  };
  const healthy = (service: string) =>
    eventually(
      async () => {
        const id = await containerOf(service);
        return (
          id && (await docker("inspect", "--format", "{{.State.Health.Status}}", id)) === "healthy" && id
        );
      },
      { deadline: 180_000 },
    );
  async function graphql(query: string, variables: object = {}): Promise<any> {
    const response = await fetch(`${url}/graphql`, {
      method: "POST",
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      body: JSON.stringify({ query, variables }),
    });
    const { data, errors } = (await response.json()) as { data: unknown; errors?: { message: string }[] };
    expect(errors).to.equal(undefined);
    return data;
  }
  const ended = (id: string) =>
    eventually(
      async () => {
        const { node } = await graphql(
          "query ($id: ID!) { node(id: $id) { ... on Operation { state cause { code message lastLines } } } }",
          { id },
        );
        return !["QUEUED", "RUNNING"].includes(node.state) && node;
      },
      { deadline: 240_000 },
    );

  it("is healthy, and answers with the token of its home", async () => {
    await healthy("postgres");
    const id = await healthy("rebake");
    await eventually(async () => (await fetch(`${url}/readyz`)).status === 200, { deadline: 60_000 });
    token = await docker("exec", id, "cat", "/var/lib/rebake/admin-token");
    expect(token).to.match(/^rbk_/);
  });

  it("is nobody of importance who may open the socket, and shows no secret in its description", async () => {
    const id = await healthy("rebake");
    expect(await docker("exec", id, "id", "-u")).to.equal("10001");
    expect(await docker("exec", id, "id", "-g")).to.equal(environment.DOCKER_GID);
    const described = await docker("service", "inspect", `${stack}_rebake`, `${stack}_postgres`);
    const values = await docker(
      "exec",
      id,
      "cat",
      "/run/secrets/postgres_password",
      "/run/secrets/secret_key",
    );
    expect(described).not.to.include(values.slice(0, 32)).and.not.to.include(values.slice(-44));
  });

  it("manages the swarm that it runs in", async () => {
    const { environment: dashboard } = await graphql(
      '{ environment(code: "DASHBOARD") { id driver health { reachable error nodes } } }',
    );
    environmentId = dashboard.id;
    expect(dashboard).to.deep.include({ driver: "SWARM" });
    expect(dashboard.health).to.deep.include({ reachable: true, error: null });
    const { services } = await graphql(
      "{ services { edges { node { name operations(last: 1) { edges { node { id } } } } } } }",
    );
    for (const { node } of services.edges) {
      const { state, cause } = await ended(node.operations.edges[0].node.id);
      expect(state, `${node.name}: ${JSON.stringify(cause)}`).to.equal("SUCCEEDED");
    }
  });

  it("deploys a service there, and removes all", async () => {
    const { deployService } = await graphql(
      `mutation {
        deployService(input: { environment: "DASHBOARD", recipe: "dashboard-service", name: "hello" }) {
          operation { id }
          errors { message }
        }
      }`,
    );
    expect(deployService.errors).to.deep.equal([]);
    const deployed = await ended(deployService.operation.id);
    expect(deployed.state, JSON.stringify(deployed.cause)).to.equal("SUCCEEDED");
    // On a busy machine a probe of one that runs may just have been late.
    const services = await eventually(async () => {
      const found = (await graphql("{ services { edges { node { id name state } } } }")).services;
      expect(found.edges.map(({ node }: any) => `${node.name} ${node.state}`)).to.have.members([
        ...["catalog RUNNING", "orders RUNNING", "gateway RUNNING", "hello RUNNING"],
      ]);
      return found;
    });
    for (const { node } of services.edges) {
      const { removeService } = await graphql(
        "mutation ($id: ID!) { removeService(input: { service: $id }) { operation { id } errors { message } } }",
        { id: node.id },
      );
      expect((await ended(removeService.operation.id)).state).to.equal("SUCCEEDED");
    }
    await eventually(async () => (await remainsOf(environmentId)).length === 0, { deadline: 20_000 });
  });

  it("goes on with the same home when its container is another one", async () => {
    const before = await healthy("rebake");
    await docker("service", "update", "--quiet", "--detach", "--force", `${stack}_rebake`);
    await eventually(async () => ![before, ""].includes(await containerOf("rebake")), { deadline: 120_000 });
    await healthy("rebake");
    await eventually(async () => (await fetch(`${url}/readyz`)).status === 200, { deadline: 60_000 });
    expect((await graphql('{ environment(code: "DASHBOARD") { id } }')).environment.id).to.equal(
      environmentId,
    );
  });
});
