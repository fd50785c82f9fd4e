import { randomBytes } from "node:crypto";
import pino from "pino";
import { newId } from "../../../src/domain/id.js";
import { createSwarmDriver } from "../../../src/drivers/swarm/index.js";
import type { DriverRow } from "../row.js";
import { Engine } from "./engine.js";
import { Gateway } from "./gateway.js";
import { SwarmGround } from "./ground.js";

const variables = ["TEST_SWARM_DOCKER_HOST", "TEST_REGISTRY", "TEST_HOST_ADDRESS"] as const;
const [dockerHost = "", registry = "", hostAddress = ""] = variables.map((name) => process.env[name]);

const installation = `test-${randomBytes(6).toString("hex")}`;
const environmentId = newId("environment");
/** Neither the engine's own choice (from 30,000 on) nor those of services that run as processes. */
const firstPort = 15_000 + (process.pid % 2_000) * 2;

const create = () =>
  createSwarmDriver({
    installation,
    connections: {
      environments: async () => [environmentId],
      of: async () => ({ host: dockerHost, ca: null, certificate: null, key: null }),
    },
    log: pino({ level: process.env.TEST_LOG ?? "silent" }),
  });

const fields = {
  image: { name: "node", tag: "20-bookworm" },
  networks: ["back"],
  // Virtual addresses need IPVS, which not every kernel has.
  endpointMode: "DNSRR" as const,
};

export const swarmRow: DriverRow = {
  name: "SWARM",
  lacks: variables.filter((name) => !process.env[name]).join(" and ") || null,
  create,
  open: async ({ driver }) => {
    const gateway = await Gateway.deploy(driver, environmentId, fields);
    const options = { installation, hostAddress, image: "node:20-bookworm", create };
    return new SwarmGround(new Engine(dockerHost), gateway, options);
  },
  environmentId,
  parallel: 5,
  timeout: 300_000,
  patience: { most: 60, pause: 100 },
  fields,
  port: { preserveClientIp: true },
  probe: { period: 1, timeout: 10, failureThreshold: 10 },
  rollout: { monitor: 1, deadline: 120, drain: 5 },
  shortDeadline: 20,
  sparePorts: [firstPort, firstPort + 1],
  missingImage: {
    image: { prefix: registry, name: "nope", tag: "1", pullPolicy: "ALWAYS", credential: null },
    pinned: `${registry}/nope:1`,
    matters: true,
  },
  unapplied: {
    fields: {
      annotations: [{ name: "team", value: "shop" }],
      liveness: { tcp: {} },
      serviceAccount: "robot",
    },
    ignored: ["annotations", "liveness", "serviceAccount"],
    left: { annotations: [], liveness: null, serviceAccount: null },
  },
  rolls: true,
  watchesBeside: false,
  drifts: true,
  numbered: true,
  balances: "REQUESTS",
  crashesToBackOff: 1,
  requestsToMeetAll: 60,
  cachedInstall: /^(npm ci|from cache)$/,
  crashMessage: (code) => new RegExp(`exit code ${code}|non-zero exit \\(${code}\\)`),
  version: /\d+\.\d+/,
};
