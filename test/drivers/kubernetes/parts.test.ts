import { expect } from "chai";
import fc from "fast-check";
import type { Text } from "../../../src/domain/rendered-spec.js";
import type { Part } from "../../../src/drivers/kubernetes/parts.js";
import { OperationFailure } from "../../../src/errors.js";
import type { Target } from "../../../src/operations/driver.js";
import type { SpecFields } from "../bench.js";
import { manifest, source } from "./spec-arbitraries.js";

const content: fc.Arbitrary<Text> = fc
  .array(
    fc.oneof(
      fc.string({ unit: fc.constantFrom("$", "$(A)", "$$", "a", "\n", "ж"), maxLength: 6 }),
      fc.constant({ computed: "REBAKE_BRANCH" as const }),
      fc.constantFrom({ secret: "v1" }, { secret: "v2" }),
    ),
    { maxLength: 4 },
  )
  .map((parts) => parts.filter((one) => one !== ""));
const secrets = new Map([
  ["v1", "one$"],
  ["v2", "two"],
]);
const literal = (text: Text) =>
  text
    .map((one) => (typeof one === "string" ? one : "secret" in one ? secrets.get(one.secret)! : "main"))
    .join("");

const made = (fields: SpecFields, facts: Partial<Target> = {}) =>
  manifest({ source, ...fields }, { secrets, ...facts });
const podOf = (fields: SpecFields, facts: Partial<Target> = {}) =>
  made(fields, facts).workload.spec.template.spec;

interface Volume {
  name: string;
  configMap?: { name: string; items: { key: string; path: string; mode: number }[] };
  secret?: { secretName: string; items: { key: string; path: string; mode: number }[] };
}

/** A file as the app's container sees it, with what it lies in. */
function fileAt(path: string, fields: SpecFields): { text: string; mode: number; part: Part } {
  const { parts, workload } = made(fields);
  const { containers, volumes } = workload.spec.template.spec;
  const mount = containers[0]!.volumeMounts!.find(({ mountPath }) => mountPath === path)!;
  expect(mount.readOnly).to.equal(true);
  const { configMap, secret } = (volumes as unknown as Volume[]).find(({ name }) => name === mount.name)!;
  const { key, mode } = (configMap ?? secret)!.items.find((item) => item.path === mount.subPath)!;
  const name = configMap?.name ?? secret!.secretName;
  const part = parts.find((one) => one.name === name && one.kind === (configMap ? "ConfigMap" : "Secret"))!;
  return { text: part.data[key]!, mode, part };
}

describe("what is put into pods", () => {
  it("has files to the letter, those with a secret in a Secret", () => {
    fc.assert(
      fc.property(content, content, (a, b) => {
        const files = [
          { path: "/etc/a", content: a, mode: "0644" },
          { path: "/b.conf", content: b, mode: "0600" },
        ];
        for (const [index, { path, content: text }] of files.entries()) {
          const found = fileAt(path, { files });
          const isSecret = text.some((one) => typeof one === "object" && "secret" in one);
          expect(found).to.include({ text: literal(text), mode: [0o644, 0o600][index] });
          expect(found.part.kind).to.equal(isSecret ? "Secret" : "ConfigMap");
        }
      }),
    );
  });

  it("is called by its content: the same name is the same, another is not", () => {
    const named = fc.record({ text: content, isRotated: fc.boolean() });
    const planned = ({ text, isRotated }: { text: Text; isRotated: boolean }) => {
      const version = isRotated ? "v2" : "v1";
      const versioned = text.map((one) =>
        typeof one === "object" && "secret" in one ? { secret: version } : one,
      );
      return fileAt("/a", { files: [{ path: "/a", content: versioned, mode: "0644" }] }).part;
    };
    fc.assert(
      fc.property(named, named, (one, other) => {
        const [a, b] = [planned(one), planned(other)];
        const isSame = a.kind === b.kind && JSON.stringify(a.data) === JSON.stringify(b.data);
        if (a.name === b.name) {
          expect(isSame).to.equal(true);
        }
        expect(a.name).to.match(/^orders-(secret-)?files-[0-9a-f]{12}$/);
      }),
    );
  });

  it("has no files that differ from pod to pod: the recipe is refused with the file's path", () => {
    const text = ["x", { computed: "REBAKE_INSTANCE" as const }];
    expect(() => made({ files: [{ path: "/etc/a", content: text, mode: "0644" }] }))
      .to.throw(OperationFailure, "File /etc/a has REBAKE_INSTANCE in it")
      .with.nested.property("cause.code", "SPEC_INVALID");
  });

  it("has a volume as the claim of its name, or as a folder of the node", () => {
    const { volumes, containers } = podOf({
      source: null,
      volumes: [
        { source: "data", target: "/data" },
        { source: "old", target: "/old", readOnly: true },
        { type: "BIND", source: "/var/log", target: "/logs" },
      ],
    });
    expect(volumes).to.deep.equal([
      { name: "volume-0", persistentVolumeClaim: { claimName: "data" } },
      { name: "volume-1", persistentVolumeClaim: { claimName: "old", readOnly: true } },
      { name: "volume-2", hostPath: { path: "/var/log", type: "" } },
    ]);
    expect(containers[0]!.volumeMounts).to.deep.equal([
      { name: "volume-0", mountPath: "/data" },
      { name: "volume-1", mountPath: "/old", readOnly: true },
      { name: "volume-2", mountPath: "/logs" },
    ]);
  });

  it("has the git credential where the source is prepared, and nothing of the app's there", () => {
    const { containers, initContainers } = podOf(
      {
        env: [{ name: "A", value: [{ secret: "v1" }] }],
        files: [{ path: "/etc/a", content: [{ secret: "v1" }], mode: "0644" }],
      },
      { gitCredential: { username: "u", password: "p" } },
    );
    const paths = (mounts: { mountPath: string }[] = []) => mounts.map(({ mountPath }) => mountPath);
    expect(paths(containers[0]!.volumeMounts)).to.have.members([
      "/etc/a",
      "/rebake/deployer.mjs",
      "/rebake/cache",
    ]);
    const [prepare] = initContainers!;
    expect(paths(prepare!.volumeMounts)).to.have.members([
      "/rebake/git",
      "/rebake/deployer.mjs",
      "/rebake/cache",
    ]);
    expect(prepare!.env!.map(({ name }) => name)).to.deep.equal(["REBAKE_JOB"]);
    expect(prepare!.envFrom).to.equal(undefined);
  });

  it("names what holds a credential by the operation: from a name made of it, it could be guessed", () => {
    const names = (operationId: string, password: string) =>
      made(
        {},
        {
          stamp: { operationId, fence: 1 },
          gitCredential: { username: "u", password },
          registryCredential: { username: "u", password, server: "registry.example" },
        },
      )
        .parts.filter(({ kind }) => kind === "Secret")
        .map(({ name }) => name);
    expect(names("opn_1", "a")).to.deep.equal(names("opn_1", "b"));
    expect(names("opn_1", "a")).not.to.have.any.members(names("opn_2", "a"));
  });

  it("opens the registry with what the kubelet reads", () => {
    const registryCredential = { username: "u", password: "p:q", server: "registry.example:5000" };
    const [pull] = made({}, { registryCredential }).parts.filter(({ type }) => type !== undefined);
    expect(JSON.parse(pull!.data[".dockerconfigjson"]!)).to.deep.equal({
      auths: {
        "registry.example:5000": {
          username: "u",
          password: "p:q",
          auth: Buffer.from("u:p:q").toString("base64"),
        },
      },
    });
  });

  it("shares the deployer among the services of a namespace", () => {
    const nameOf = (fields: SpecFields) =>
      made(fields).parts.find(({ data }) => "deployer.mjs" in data)?.name;
    expect(nameOf({})).to.match(/^rebake-deployer-[0-9a-f]{12}$/);
    expect(nameOf({ command: ["x"] })).to.equal(nameOf({}));
    expect(nameOf({ source: null })).to.equal(undefined);
  });
});
