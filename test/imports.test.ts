import { expect } from "chai";
import { type SourceFile, sourceFiles } from "./support/sources.js";

/** Packages each driver talks to its engine with. */
const sdkOf: Record<string, string[]> = {
  process: [],
  swarm: ["dockerode"],
  kubernetes: ["@kubernetes/client-node"],
};
const maxLines = 400;

const sources = sourceFiles("src");
const below = (folder: string) => sources.filter((file) => file.path.startsWith(`${folder}/`));
const isOwn = (target: string) => target.startsWith("src/");
const isIn = (folder: string) => (target: string) => target.startsWith(`${folder}/`);

/** "importer imports target" for each import that `isAllowed` does not allow. */
function violations(files: SourceFile[], isAllowed: (target: string, file: SourceFile) => boolean): string[] {
  return files.flatMap((file) =>
    file.imports
      .filter((target) => !isAllowed(target, file))
      .map((target) => `${file.path} imports ${target}`),
  );
}

describe("imports", () => {
  it("are seen by this test", () => {
    const file = sources.find(({ path }) => path === "src/storage/embedded-postgres.ts")!;
    expect(file.imports).to.include.members(["node:net", "src/errors.ts", "src/storage/postmaster.ts"]);
    expect(sources.find(({ path }) => path === "src/storage/data-source.ts")!.imports).to.include.members([
      "reflect-metadata",
      "pg",
    ]);
  });

  it("lead to files that exist", () => {
    const paths = new Set(sources.map((file) => file.path));
    expect(violations(sources, (target) => !isOwn(target) || paths.has(target))).to.deep.equal([]);
  });

  it("keep SDKs, the API and drivers out of the domain", () => {
    const allowed = ["typeorm", "zod", "js-yaml"];
    const found = violations(below("src/domain"), (target) =>
      isOwn(target)
        ? !isIn("src/api")(target) &&
          !isIn("src/drivers")(target) &&
          !["src/main.ts", "src/server.ts"].includes(target)
        : allowed.includes(target) || target.startsWith("node:"),
    );
    expect(found).to.deep.equal([]);
  });

  it("keep drivers to the port, the domain, errors, the log, the deployer, what they share and their own SDK", () => {
    const port = ["src/operations/driver.ts", "src/errors.ts", "src/log.ts"];
    const drivers = below("src/drivers").filter((file) => file.path.split("/").length > 3);
    const found = violations(drivers, (target, file) => {
      const name = file.path.split("/")[2]!;
      const isShared =
        port.includes(target) ||
        ["src/domain", "src/deployer", "src/drivers/engine"].some((folder) => isIn(folder)(target));
      const isOfDriver = isIn(`src/drivers/${name}`)(target) || sdkOf[name]?.includes(target);
      return isShared || isOfDriver || target === "zod" || target.startsWith("node:");
    });
    expect(found).to.deep.equal([]);
  });

  it("reach drivers only from main and their registry", () => {
    const others = sources.filter(({ path }) => path !== "src/main.ts" && !isIn("src/drivers")(path));
    expect(violations(others, (target) => !isIn("src/drivers")(target))).to.deep.equal([]);
  });

  it("reach the API only from the server and itself", () => {
    const others = sources.filter(({ path }) => path !== "src/server.ts" && !isIn("src/api")(path));
    expect(violations(others, (target) => !isIn("src/api")(target))).to.deep.equal([]);
  });

  it("leave what runs in containers without dependencies", () => {
    const shared = ["deployer", "package-files", "tool-environment"].map((name) => `src/deployer/${name}.ts`);
    const isPart = (path: string) => shared.includes(path) || isIn("src/deployer/container")(path);
    const parts = sources.filter(({ path }) => isPart(path));
    expect(violations(parts, (target) => isPart(target) || target.startsWith("node:"))).to.deep.equal([]);
    expect(parts.map(({ path }) => path)).to.include.members([...shared, "src/deployer/container/main.ts"]);
  });
});

describe("times", () => {
  it("are the database's in what is kept, not those of a server's own clock", () => {
    const kept = [...below("src/domain"), ...below("src/operations")];
    const found = kept.filter(({ text }) => text.includes("new Date()")).map(({ path }) => path);
    expect(found).to.deep.equal([]);
  });
});

describe("files", () => {
  const all = sourceFiles("src", "migrations", "test", "scripts", "demo", "graphiql");

  it(`have at most ${maxLines} lines`, () => {
    const long = all.filter((file) => file.text.split("\n").length > maxLines);
    expect(long.map((file) => file.path)).to.deep.equal([]);
  });

  it("are named after what they do", () => {
    const vague = all.filter((file) => /\/(utils?|helpers?|misc|common)([./]|$)/.test(file.path));
    expect(vague.map((file) => file.path)).to.deep.equal([]);
  });
});
