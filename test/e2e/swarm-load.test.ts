import { execFile } from "node:child_process";
import { appendFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect } from "chai";
import { eventually } from "../support/eventually.js";
import { rebuild, serviceNamed, verdictOf } from "../support/operations.js";
import { RebakeProcess } from "../support/rebake-process.js";
import {
  bump,
  installed,
  installOnSwarm,
  openGateway,
  remainsOf,
  removeAll,
  swarmHost,
  sweep,
} from "../support/swarm.js";
import { tempFolder } from "../support/temp-folder.js";
import { UnderLoad } from "../support/under-load.js";

describe("three replicas behind nginx on a swarm, under load", function () {
  this.timeout(300_000);
  after(async () => {
    underLoad.print();
    await RebakeProcess.endAll();
    if (environmentId) {
      await sweep(environmentId);
    }
  });
  const folder = tempFolder();
  const underLoad = new UnderLoad(() => url);
  let rebake: RebakeProcess;
  let environmentId = "";
  let url: string;
  let id: string;

  before(async function () {
    if (!swarmHost) {
      this.skip();
    }
    ({ rebake, environmentId } = await installOnSwarm(join(folder.path, "home")));
    await installed(rebake);
    url = `${await openGateway(rebake)}/catalog/`;
    ({ id } = await serviceNamed(rebake, "DASHBOARD", "catalog"));
    // Nobody asks for these here, and the machine has enough to do.
    await scale(0, (await serviceNamed(rebake, "DASHBOARD", "orders")).id);
    await bump(rebake, "dashboard-service", { endpointMode: "DNSRR" });
    await succeed(await rebuild(rebake, id));
    await succeed(await scale(3));
  });

  it("fails no request while it is rebuilt after a bump of its recipe", async () => {
    await greet("Good morning");
    await underLoad.unfailed("bump", async () => succeed(await rebuild(rebake, id)));
    expect((await answer()).greeting).to.equal("Good morning");
  });

  it("fails no request while it is rebuilt for new code alone", async () => {
    const before = (await answer()).commit;
    await commit();
    const { changed } = await underLoad.unfailed("code only", async () => succeed(await rebuild(rebake, id)));
    expect(changed.commit).not.to.equal(before);
    expect(changed.fromRevision).to.equal(changed.toRevision);
    expect((await answer()).commit).to.equal(changed.commit);
  });

  it("fails no request while it is rebuilt and scaled up meanwhile, and down again", async () => {
    await greet("Good evening");
    await underLoad.unfailed("scaled during a rebuild", async () => {
      const rebuilt = await rebuild(rebake, id);
      await eventually(async () => (await serviceNamed(rebake, "DASHBOARD", "catalog")).operation !== null);
      const scaled = await scale(4);
      const verdict = await succeed(rebuilt);
      await succeed(scaled);
      expect((await serviceNamed(rebake, "DASHBOARD", "catalog")).tasks).to.have.length(4);
      await succeed(await scale(3));
      return verdict;
    });
  });

  it("fails no request while it is rolled back", async () => {
    await underLoad.unfailed("rollback", async () => {
      const payload = await rebake.mutate(
        "mutation($service: ID!) { rollbackService(input: { service: $service }) { operation { id } errors { code message } } }",
        { service: id },
      );
      return succeed(payload.operation.id);
    });
    expect((await answer()).greeting).to.equal("Good morning");
  });

  it("would see requests fail: the control stops all old ones first", async () => {
    await bump(rebake, "dashboard-service", { rollout: { order: "STOP_FIRST", parallelism: 3 } });
    const { report } = await underLoad.during("control: all stopped first", async () =>
      succeed(await rebuild(rebake, id)),
    );
    expect(report.failed).to.be.greaterThan(0);
  });

  it("leaves nothing on the engine", async () => {
    await removeAll(rebake);
    await eventually(async () => (await remainsOf(environmentId)).length === 0, { deadline: 20_000 });
  });

  async function succeed(operation: string): Promise<any> {
    const verdict = await verdictOf(rebake, operation);
    expect(verdict.state, JSON.stringify(verdict)).to.equal("SUCCEEDED");
    return verdict;
  }

  async function scale(replicas: number, service = id): Promise<string> {
    const payload = await rebake.mutate(
      "mutation($input: ScaleServiceInput!) { scaleService(input: $input) { operation { id } errors { code message } } }",
      { input: { service, replicas } },
    );
    return payload.operation.id;
  }

  const answer = async (): Promise<any> => (await fetch(url)).json();

  /** Bumps the recipe by a greeting. */
  async function greet(greeting: string): Promise<void> {
    const { recipe } = await rebake.graphql(
      '{ recipe(name: "dashboard-service") { current { spec { env { name kind value default label help required } } } } }',
    );
    const env = recipe.current.spec.env.map((variable: any) =>
      variable.name === "SHOP_GREETING" ? { ...variable, value: greeting } : variable,
    );
    await bump(rebake, "dashboard-service", { env });
  }

  async function commit(): Promise<void> {
    const repository = join(folder.path, "home", "examples", "shop");
    await appendFile(join(repository, "README.md"), "\nNew code.\n");
    const author = ["-c", "user.name=Test", "-c", "user.email=test@localhost"];
    await promisify(execFile)("git", [...author, "commit", "--quiet", "--all", "--message", "New code"], {
      cwd: repository,
    });
  }
});
