import { expect } from "chai";
import { gitRef, gitRepository, sourcePath } from "../../src/domain/git-names.js";
import { parseSpec } from "../../src/domain/parse-spec.js";
import { UserInputError, UserInputErrors } from "../../src/errors.js";

function problemsOf(spec: unknown): UserInputError[] {
  try {
    parseSpec(spec);
    return [];
  } catch (error) {
    return error instanceof UserInputErrors ? error.errors : [error as UserInputError];
  }
}

describe("recipe spec", () => {
  const refused: [string, unknown, string][] = [
    ["a port of 0", { ports: [{ name: "http", target: 0 }] }, "spec.ports.0.target"],
    ["a port of 65536", { ports: [{ name: "http", target: 65536 }] }, "spec.ports.0.target"],
    ["a port name that is no label", { ports: [{ name: "Http_", target: 80 }] }, "spec.ports.0.name"],
    [
      "two ports of one name",
      {
        ports: [
          { name: "a", target: 1 },
          { name: "a", target: 2 },
        ],
      },
      "spec.ports.1",
    ],
    [
      "a variable that is no identifier",
      { env: [{ name: "A-B", kind: "STATIC", value: "" }] },
      "spec.env.0.name",
    ],
    ["a variable named `A=B`", { env: [{ name: "A=B", kind: "STATIC", value: "" }] }, "spec.env.0.name"],
    [
      "a variable of 10,000 characters",
      { env: [{ name: "A".repeat(10_000), kind: "STATIC", value: "" }] },
      "spec.env.0.name",
    ],
    ["a value with a NUL", { env: [{ name: "A", kind: "STATIC", value: "a\0b" }] }, "spec.env.0.value"],
    ["half an emoji", { env: [{ name: "A", kind: "STATIC", value: "a\ud83d" }] }, "spec.env.0.value"],
    [
      "half an emoji in a branch",
      { source: { repository: "https://h/x", branch: "\ud83d" } },
      "spec.source.branch",
    ],
    ["a file that is a folder", { files: [{ path: "/etc/", content: "" }] }, "spec.files.0.path"],
    [
      "a file below a file",
      {
        files: [
          { path: "/etc/a", content: "" },
          { path: "/etc/a/b", content: "" },
        ],
      },
      "spec.files.1.path",
    ],
    [
      "a file whose name no disk takes",
      { files: [{ path: `/etc/${"a".repeat(300)}`, content: "" }] },
      "spec.files.0.path",
    ],
    [
      "a probe of a port that is not there",
      { ports: [{ name: "http", target: 80 }], readiness: { tcp: { port: "nope" } } },
      "spec.readiness.tcp.port",
    ],
    ["a probe without a port to ask", { liveness: { httpGet: {} } }, "spec.liveness.httpGet.port"],
    ["a static variable without a value", { env: [{ name: "A", kind: "STATIC" }] }, "spec.env.0.value"],
    [
      "a secret's value in the recipe",
      { env: [{ name: "A", kind: "SECRET", value: "s" }] },
      "spec.env.0.value",
    ],
    ["an unknown field", { prots: [] }, "spec"],
    ["a probe of two kinds", { readiness: { tcp: {}, httpGet: {} } }, "spec.readiness"],
    ["a probe of no kind", { readiness: { period: 1 } }, "spec.readiness"],
    ["a file that climbs out", { files: [{ path: "/../etc/passwd", content: "" }] }, "spec.files.0.path"],
    ["an empty command", { command: [] }, "spec.command"],
    ["a negative drain", { rollout: { drain: -1 } }, "spec.rollout.drain"],
  ];
  for (const [what, spec, field] of refused) {
    it(`refuses ${what}`, () => {
      const [problem] = problemsOf(spec);
      expect(problem?.code).to.equal("INVALID");
      expect(problem?.field?.join(".")).to.equal(field);
      expect(problem?.message.length).to.be.lessThan(400);
    });
  }

  it("refuses an enormous spec before it looks into it", () => {
    const env = Array.from({ length: 10_000 }, (_, n) => ({
      name: `V${n}`,
      kind: "STATIC",
      value: "x".repeat(20),
    }));
    expect(problemsOf({ env }).map((problem) => problem.code)).to.deep.equal(["TOO_LARGE"]);
  });

  it("fills in every default", () => {
    const spec = parseSpec({ source: { repository: "https://git.example/a.git" } });
    expect(spec.source?.branch).to.equal("master");
    expect(spec.rollout).to.deep.equal({
      order: "START_FIRST",
      parallelism: 1,
      monitor: 5,
      deadline: 600,
      drain: 30,
    });
    expect(parseSpec(spec)).to.deep.equal(spec);
  });
});

describe("git names", () => {
  const badRepositories = [
    "--upload-pack=touch /tmp/x",
    "-u",
    "ext::sh -c touch% /tmp/x",
    "https://git.example/a\nb",
    "https://git.example/a b",
    "https://user:secret@git.example/a.git",
    "https://user@git.example/a.git",
    "ssh://-oProxyCommand=x/a",
    "ssh://-x@host/a",
    "git@host:-x",
    "git@-oProxyCommand=x:a",
    "git@-x:a",
    "https://git.example/",
    "/etc",
    "file:relative",
    "javascript:alert(1)",
    "",
    `https://git.example/${"a".repeat(10_000)}`,
  ];
  for (const repository of badRepositories) {
    it(`refuses the repository ${JSON.stringify(repository.slice(0, 40))}`, () => {
      expect(gitRepository.safeParse(repository).success).to.equal(false);
    });
  }
  const goodRepositories = [
    "https://git.example/team/shop.git",
    "http://127.0.0.1:8080/shop",
    "ssh://git@git.example:22/shop.git",
    "git@git.example:team/shop.git",
    "file:///srv/git/shop.git",
    "https://git.example/команда/лавка.git",
  ];
  for (const repository of goodRepositories) {
    it(`takes the repository ${repository}`, () => {
      expect(gitRepository.safeParse(repository).success).to.equal(true);
    });
  }
  for (const ref of [
    "--upload-pack=x",
    "-b",
    "a..b",
    "a b",
    "a\tb",
    "a~1",
    "a^",
    "a:b",
    "@",
    "a@{1}",
    "a.lock",
    "/a",
    "a/",
    "",
  ]) {
    it(`refuses the branch ${JSON.stringify(ref)}`, () => {
      expect(gitRef.safeParse(ref).success).to.equal(false);
    });
  }
  for (const ref of ["main", "feature/новая-лавка", "v1.2.3", "user@host"]) {
    it(`takes the branch ${ref}`, () => {
      expect(gitRef.safeParse(ref).success).to.equal(true);
    });
  }
  for (const path of ["../x", "a/../b", "/a", "-a", "a\\b", ""]) {
    it(`refuses the folder ${JSON.stringify(path)}`, () => {
      expect(sourcePath.safeParse(path).success).to.equal(false);
    });
  }
  it("takes folders of several levels", () => {
    expect(sourcePath.safeParse("services/лавка..v2").success).to.equal(true);
  });
});
