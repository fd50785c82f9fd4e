import { execFile } from "node:child_process";
import { appendFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect } from "chai";
import { bump } from "./dashboard.js";
import { eventually } from "./eventually.js";
import { rebuild, scale, serviceNamed, succeed } from "./operations.js";
import type { RebakeProcess } from "./rebake-process.js";
import { UnderLoad } from "./under-load.js";

/** A shop of DASHBOARD's that has three replicas, as it is once the tests run. */
export interface Shop {
  rebake: RebakeProcess;
  /** Of its service `catalog`. */
  id: string;
  url: string;
  /** Of the server. */
  home: string;
}

/** What is owed to who sends requests while three replicas change: call it in the body of a `describe`. */
export function failsNothingUnderLoad(shop: () => Shop): void {
  const underLoad = new UnderLoad(() => shop().url);
  after(() => underLoad.print());

  it("fails no request while it is rebuilt after a bump of its recipe", async () => {
    await greet("Good morning");
    await underLoad.unfailed("bump", async () =>
      succeed(shop().rebake, await rebuild(shop().rebake, shop().id)),
    );
    expect((await answer()).greeting).to.equal("Good morning");
  });

  it("fails no request while it is rebuilt for new code alone", async () => {
    const before = (await answer()).commit;
    await commit();
    const { changed } = await underLoad.unfailed("code only", async () =>
      succeed(shop().rebake, await rebuild(shop().rebake, shop().id)),
    );
    expect(changed.commit).not.to.equal(before);
    expect(changed.fromRevision).to.equal(changed.toRevision);
    expect((await answer()).commit).to.equal(changed.commit);
  });

  it("fails no request while it is rebuilt and scaled up meanwhile, and down again", async () => {
    await greet("Good evening");
    await underLoad.unfailed("scaled during a rebuild", async () => {
      const rebuilt = await rebuild(shop().rebake, shop().id);
      await eventually(
        async () => (await serviceNamed(shop().rebake, "DASHBOARD", "catalog")).operation !== null,
      );
      const scaled = await scale(shop().rebake, shop().id, 4);
      const verdict = await succeed(shop().rebake, rebuilt);
      await succeed(shop().rebake, scaled);
      expect((await serviceNamed(shop().rebake, "DASHBOARD", "catalog")).tasks).to.have.length(4);
      await succeed(shop().rebake, await scale(shop().rebake, shop().id, 3));
      return verdict;
    });
  });

  it("fails no request while it is rolled back", async () => {
    await underLoad.unfailed("rollback", async () => {
      const payload = await shop().rebake.mutate(
        "mutation($service: ID!) { rollbackService(input: { service: $service }) { operation { id } errors { code message } } }",
        { service: shop().id },
      );
      return succeed(shop().rebake, payload.operation.id);
    });
    expect((await answer()).greeting).to.equal("Good morning");
  });

  it("would see requests fail: the control stops all old ones first", async () => {
    await bump(shop().rebake, "dashboard-service", { rollout: { order: "STOP_FIRST", parallelism: 3 } });
    const { report } = await underLoad.during("control: all stopped first", async () =>
      succeed(shop().rebake, await rebuild(shop().rebake, shop().id)),
    );
    expect(report.failed).to.be.greaterThan(0);
  });

  const answer = async (): Promise<any> => (await fetch(shop().url)).json();

  /** Bumps the recipe by a greeting. */
  async function greet(greeting: string): Promise<void> {
    const { recipe } = await shop().rebake.graphql(
      '{ recipe(name: "dashboard-service") { current { spec { env { name kind value default label help required } } } } }',
    );
    const env = recipe.current.spec.env.map((variable: any) =>
      variable.name === "SHOP_GREETING" ? { ...variable, value: greeting } : variable,
    );
    await bump(shop().rebake, "dashboard-service", { env });
  }

  async function commit(): Promise<void> {
    const repository = join(shop().home, "examples", "shop");
    await appendFile(join(repository, "README.md"), "\nNew code.\n");
    const author = ["-c", "user.name=Test", "-c", "user.email=test@localhost"];
    await promisify(execFile)("git", [...author, "commit", "--quiet", "--all", "--message", "New code"], {
      cwd: repository,
    });
  }
}
