import { readFileSync } from "node:fs";
import { expect } from "chai";
import fc from "fast-check";
import { type Config, configTable, readConfig } from "../src/config.js";
import { StartError } from "../src/errors.js";

const read = (env: Record<string, string | undefined>, isTty = false): Config =>
  readConfig({ env, cwd: "/somewhere", isTty });

function refusal(env: Record<string, string>): StartError {
  try {
    read(env);
  } catch (error) {
    expect(error).to.be.instanceOf(StartError);
    expect((error as StartError).code).to.equal("CONFIG_INVALID");
    return error as StartError;
  }
  throw new Error(`accepted ${JSON.stringify(env)}`);
}

describe("config", () => {
  it("needs no variable", () => {
    expect(read({})).to.deep.equal({
      port: 4000,
      host: "127.0.0.1",
      databaseUrl: null,
      home: "/somewhere/.rebake",
      secretKey: null,
      logLevel: "info",
      logFormat: "json",
      corsOrigins: [],
      introspection: true,
      leaseSeconds: 10,
      serviceHost: "127.0.0.1",
      servicePorts: { first: 20_000, last: 20_999 },
      concurrency: 2,
      checkSeconds: 60,
      cacheMaxBytes: 5_368_709_120,
      cacheMaxAgeDays: 30,
      eventRetentionDays: 30,
      notify: true,
      install: "examples",
      installDriver: "PROCESS",
      installImagePrefix: null,
      swarmHost: "unix:///var/run/docker.sock",
      swarmCertPath: null,
      kubeconfig: null,
      kubeContext: null,
      kubeNamespace: "rebake",
      advertiseUrl: null,
    });
    expect(read({}, true).logFormat).to.equal("pretty");
    expect(read({ PORT: "", REBAKE_HOME: " " })).to.deep.equal(read({}));
  });

  it("takes every variable", () => {
    const key = Buffer.alloc(32, 7);
    const config = read({
      PORT: "0",
      HOST: "::",
      DATABASE_URL: "postgresql:///rebake?host=/run/postgresql",
      REBAKE_HOME: "/var/lib/rebake",
      REBAKE_SECRET_KEY: key.toString("base64"),
      REBAKE_LOG_LEVEL: "debug",
      REBAKE_LOG_FORMAT: "pretty",
      REBAKE_CORS_ORIGINS: "https://a.example, http://localhost:3000",
      REBAKE_INTROSPECTION: "off",
      REBAKE_LEASE_SECONDS: "300",
      REBAKE_SERVICE_HOST: "0.0.0.0",
      REBAKE_SERVICE_PORTS: "1-65535",
      REBAKE_CONCURRENCY: "64",
      REBAKE_CACHE_MAX_BYTES: "0",
      REBAKE_CACHE_MAX_AGE_DAYS: "1",
      REBAKE_EVENT_RETENTION_DAYS: "3650",
      REBAKE_INSTALL: "none",
      REBAKE_INSTALL_DRIVER: "SWARM",
      REBAKE_INSTALL_IMAGE_PREFIX: "registry.example.com:5000/library/",
      REBAKE_SWARM_HOST: "tcp://10.0.0.2:2376",
      REBAKE_SWARM_CERT_PATH: "certs",
      REBAKE_KUBECONFIG: "kube/config",
      REBAKE_KUBE_CONTEXT: "kind-shop",
      REBAKE_KUBE_NAMESPACE: "shop-2",
      REBAKE_ADVERTISE_URL: "https://rebake.example.com/base/",
    });
    expect(config).to.deep.include({ port: 0, host: "::", home: "/var/lib/rebake", secretKey: key });
    expect(config).to.deep.include({ corsOrigins: ["https://a.example", "http://localhost:3000"] });
    expect(config).to.deep.include({ introspection: false, servicePorts: { first: 1, last: 65_535 } });
    expect(config).to.deep.include({ concurrency: 64, cacheMaxBytes: 0, install: "none" });
    expect(config).to.deep.include({
      installDriver: "SWARM",
      installImagePrefix: "registry.example.com:5000/library",
      swarmHost: "tcp://10.0.0.2:2376",
      swarmCertPath: "/somewhere/certs",
      kubeconfig: "/somewhere/kube/config",
      kubeContext: "kind-shop",
      kubeNamespace: "shop-2",
      advertiseUrl: "https://rebake.example.com/base",
    });
    expect(Object.isFrozen(config)).to.equal(true);
    expect(read({ REBAKE_CORS_ORIGINS: "*" }).corsOrigins).to.equal("*");
  });

  const wrong: Record<string, string[]> = {
    PORT: ["-1", "65536", "http", "4000.5", "0x10", "1e3"],
    HOST: ["two words", "http://localhost"],
    DATABASE_URL: ["mysql://localhost/x", "localhost:5432"],
    REBAKE_SECRET_KEY: ["short", Buffer.alloc(31).toString("base64"), `${"é".repeat(32)}`],
    REBAKE_LOG_LEVEL: ["loud", "INFO"],
    REBAKE_LOG_FORMAT: ["xml"],
    REBAKE_CORS_ORIGINS: ["a.example", "https://a.example/path", "https://a.example,*", "file:///x"],
    REBAKE_INTROSPECTION: ["yes", "true"],
    REBAKE_LEASE_SECONDS: ["0", "301"],
    REBAKE_SERVICE_HOST: [" a b"],
    REBAKE_SERVICE_PORTS: ["20000", "0-10", "20-10", "1-65536", "1-2-3"],
    REBAKE_CONCURRENCY: ["0", "65"],
    REBAKE_INSTALL_DRIVER: ["process", "NOMAD"],
    REBAKE_KUBE_NAMESPACE: ["Shop", "shop.a", "-shop"],
    REBAKE_CHECK_SECONDS: ["-1", "86401", "soon"],
    REBAKE_CACHE_MAX_BYTES: ["5GB", "-1", "9999999999999999"],
    REBAKE_CACHE_MAX_AGE_DAYS: ["0"],
    REBAKE_EVENT_RETENTION_DAYS: ["3651"],
    REBAKE_INSTALL: ["all"],
    REBAKE_INSTALL_IMAGE_PREFIX: ["https://registry.example.com", "a b", "a//b"],
    REBAKE_SWARM_HOST: ["/var/run/docker.sock", "tcp://engine", "http://engine:2375", "ssh://engine"],
    REBAKE_ADVERTISE_URL: ["rebake:4000", "ftp://rebake", "http://user:pw@rebake", "http://rebake/?a=b"],
  };
  for (const [name, values] of Object.entries(wrong)) {
    it(`refuses a wrong ${name}, naming it and the remedy`, () => {
      const row = configTable.find((each) => each.name === name)!;
      for (const value of values) {
        const { message } = refusal({ [name]: value });
        expect(message).to.include(name).and.to.include(row.allowed);
        expect(message.includes(value.trim())).to.equal(!row.secret, message);
      }
    });
  }

  it("refuses an unknown variable of its own and suggests the nearest", () => {
    expect(refusal({ REBAKE_SERVICE_PORT: "1-2" }).message).to.include("did you mean REBAKE_SERVICE_PORTS?");
    expect(refusal({ REBAKE_HOEM: "x" }).message).to.include("did you mean REBAKE_HOME?");
    expect(read({ REBAKED: "x", PATH: "/bin" })).to.deep.equal(read({}));
  });

  it("never throws anything else, whatever is given", () => {
    const names = fc.constantFrom(...configTable.map((row) => row.name));
    fc.assert(
      fc.property(names, fc.string(), (name, value) => {
        try {
          read({ [name]: value });
        } catch (error) {
          expect(error).to.be.instanceOf(StartError);
        }
      }),
    );
  });

  it("is what the README says", () => {
    const readme = readFileSync("README.md", "utf8");
    const cells = /^\| `([A-Z_]+)` +\| (.*?) +\| (.*?) +\|$/gm;
    const rows = [...readme.matchAll(cells)].map((row) => row.slice(1));
    const expected = configTable.map((row) => [row.name, asInReadme(row.default), row.meaning]);
    expect(rows).to.deep.equal(expected);
  });
});

/** Values that can be typed are set as code, explanations are not. */
function asInReadme(text: string): string {
  return /^\S+$/.test(text) && !["embedded", "none"].includes(text) ? `\`${text}\`` : text;
}
