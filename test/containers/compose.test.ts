import { execFile, spawnSync } from "node:child_process";
import { createServer } from "node:net";
import { promisify } from "node:util";
import { expect } from "chai";
import { eventually } from "../support/eventually.js";

const engine = process.env.TEST_SWARM_DOCKER_HOST;
const project = `rebake-test-${process.pid}`;
const postgresImage = "rebake-test-postgres";
const run = promisify(execFile);

/** Either of the two ways Docker Compose comes; null without it. */
function findCompose(): string[] | null {
  const ways = [["docker", "compose"], ["docker-compose"]];
  return ways.find(([program, ...args]) => spawnSync(program!, [...args, "version"]).status === 0) ?? null;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

describe("Docker Compose", function () {
  this.timeout(900_000);
  const environment: NodeJS.ProcessEnv = {
    ...process.env,
    DOCKER_HOST: engine,
    POSTGRES_IMAGE: postgresImage,
    POSTGRES_PASSWORD: "f00dcafe",
    REBAKE_IMAGE: "rebake-test",
  };
  let command: string[];
  let url: string;
  let token: string;

  before("build the images and start", async function () {
    const compose = engine ? findCompose() : null;
    if (!compose) {
      this.skip();
    }
    command = compose;
    const port = await freePort();
    environment.REBAKE_PORT = String(port);
    url = `http://127.0.0.1:${port}`;
    await docker("build", "--quiet", "--tag", postgresImage, "test/containers/postgres");
    await compose_("up", "--detach", "--build");
  });

  after("take it down", async () => {
    if (command) {
      await compose_("down", "--volumes", "--remove-orphans", "--timeout", "30");
    }
  });

  const docker = async (...args: string[]) =>
    (await run("docker", args, { env: environment, maxBuffer: 64 << 20 })).stdout.trim();
  async function compose_(...args: string[]): Promise<string> {
    const [program, ...first] = command;
    const all = [...first, "--project-name", project, ...args];
    return (await run(program!, all, { env: environment, maxBuffer: 64 << 20 })).stdout.trim();
  }
  const healthy = (service: string) =>
    eventually(
      async () => {
        const id = await compose_("ps", "--quiet", service);
        return (await docker("inspect", "--format", "{{.State.Health.Status}}", id)) === "healthy";
      },
      { deadline: 120_000 },
    );
  async function graphql(query: string): Promise<any> {
    const response = await fetch(`${url}/graphql`, {
      method: "POST",
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      body: JSON.stringify({ query }),
    });
    return ((await response.json()) as { data: unknown }).data;
  }
  const catalogRuns = () =>
    eventually(
      async () => {
        const { service } = await graphql(
          '{ service(environment: "DASHBOARD", name: "catalog") { state ports { published } } }',
        );
        return service.state === "RUNNING" && service.ports[0].published;
      },
      { deadline: 120_000 },
    );

  it("is healthy, PostgreSQL first, and answers with the token of its home", async () => {
    await healthy("postgres");
    await healthy("rebake");
    expect((await fetch(`${url}/readyz`)).status).to.equal(200);
    token = await compose_("exec", "-T", "rebake", "cat", "/var/lib/rebake/admin-token");
    expect(token).to.match(/^rbk_/);
  });

  it("runs services that can be reached from outside", async () => {
    const published = await catalogRuns();
    const answer = (await (await fetch(`http://127.0.0.1:${published}/`)).json()) as { service: string };
    expect(answer.service).to.equal("catalog");
  });

  it("is nobody of importance in its container, and reaps what apps leave behind", async () => {
    expect(await compose_("exec", "-T", "rebake", "id", "-u")).to.equal("10001");
    const id = await compose_("ps", "--quiet", "rebake");
    expect(await docker("inspect", "--format", "{{.HostConfig.Init}}", id)).to.equal("true");
  });

  it("keeps everything over a new container", async () => {
    const { services } = await graphql("{ services { edges { node { id } } } }");
    await compose_("up", "--detach", "--force-recreate", "--no-build");
    await healthy("rebake");
    expect((await graphql("{ services { edges { node { id } } } }")).services).to.deep.equal(services);
    await catalogRuns();
  });
});
