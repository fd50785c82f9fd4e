import { cp, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RenderedSpec } from "../../../src/domain/rendered-spec.js";
import { createProcessDriver, type ProcessDriver } from "../../../src/drivers/process/index.js";
import { createLog } from "../../../src/log.js";
import { specOf } from "../../drivers/bench.js";
import { GitFixture } from "../../drivers/git-fixture.js";

/** A folder of its own, removed when `work` has ended. */
export async function withFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), "rebake-bench-"));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 3 });
  }
}

/** A driver with that home; closed when `work` has ended. */
export async function withDriver<T>(home: string, work: (driver: ProcessDriver) => Promise<T>): Promise<T> {
  const driver = createProcessDriver({
    home,
    host: "127.0.0.1",
    servicePorts: { from: 22_000, to: 22_099 },
    log: createLog({ logLevel: "silent", logFormat: "json" }),
    cacheMaxBytes: 1e9,
    cacheMaxAgeSeconds: 86_400,
  });
  try {
    return await work(driver);
  } finally {
    await driver.close();
  }
}

/** The example shop as a repository; every commit differs from the one before. */
export class ShopRepository {
  private commits = 0;
  private constructor(private readonly git: GitFixture) {}

  static async create(folder: string): Promise<ShopRepository> {
    await cp("examples/shop", folder, { recursive: true, filter: (path) => !path.includes("node_modules") });
    return new ShopRepository(await GitFixture.create(folder));
  }

  get url(): string {
    return this.git.url;
  }

  /** New code, the same dependencies. */
  async commit(): Promise<string> {
    this.commits += 1;
    const server = await readFile(join(this.git.folder, "server.js"), "utf8");
    return this.git.commit({ "server.js": `${server}// ${this.commits}\n` });
  }
}

/** The shop as a recipe renders it; nothing waits but what is measured. */
export function shopSpec(repository: string): RenderedSpec {
  return specOf({
    source: { repository, branch: "main" },
    command: ["node", "server.js"],
    ports: [{ name: "http", target: 3000 }],
    env: [
      { name: "PORT", value: [{ computed: "REBAKE_PORT" }] },
      { name: "SHOP_SERVICE", value: ["catalog"] },
      { name: "SHOP_OPERATION", value: [{ computed: "REBAKE_OPERATION" }] },
    ],
    readiness: { httpGet: { path: "/healthz" } },
    rollout: { monitor: 0, drain: 0, deadline: 120 },
  });
}
