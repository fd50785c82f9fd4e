import type { CreateRecipeInput } from "../domain/create-recipe.js";
import { nginxCommand, nginxConf } from "./nginx-conf.js";

/** Where a template's source would be: whoever copies it puts their own there. */
const yours = (name: string) => ({ repository: `https://git.example.com/you/${name}.git`, branch: "main" });

/** Locked recipes to begin with: they can be copied, not bumped. */
export function templates(imagePrefix: string | null): CreateRecipeInput[] {
  const node = nodeImage(imagePrefix);
  return [
    {
      name: "node-service",
      title: "Node.js service",
      type: "SERVICE",
      locked: true,
      description:
        "Template for a web service in Node.js. Copy it, then bump the copy with your git repository and branch. It must listen on the port in PORT and answer 200 at /healthz when it can serve. New replicas take over one by one; the old ones have 30 seconds to end their requests.",
      message: "Installed with Rebake",
      spec: {
        image: node,
        source: yours("service"),
        command: ["npm", "start"],
        ports: [{ name: "http", target: 3000 }],
        env: [
          { name: "NODE_ENV", kind: "STATIC", value: "production" },
          { name: "PORT", kind: "COMPUTED", value: "$REBAKE_PORT" },
          {
            ...{ name: "LOG_LEVEL", kind: "INPUT", default: "info", label: "Log level" },
            help: "How much the service logs, in its own words.",
          },
          {
            ...{ name: "API_KEY", kind: "SECRET", label: "API key" },
            help: "A key that the service needs; encrypted, and never shown again.",
          },
        ],
        readiness: probe,
        liveness: { httpGet: { path: "/healthz" }, initialDelay: 10, period: 10, failureThreshold: 6 },
        restart: { condition: "ALWAYS" },
        resources: { memory: 512 * 1024 * 1024, cpus: 1 },
        rollout: { order: "START_FIRST", monitor: 5, drain: 30, deadline: 300 },
      },
    },
    {
      name: "node-daemon",
      title: "Node.js daemon",
      type: "DAEMON",
      locked: true,
      description:
        "Template for a worker in Node.js that nobody sends requests to. Copy it, then bump the copy with your git repository and branch. It has no port; it counts as started once it has run for ten seconds.",
      message: "Installed with Rebake",
      spec: {
        image: node,
        source: yours("daemon"),
        command: ["npm", "start"],
        env: [
          { name: "NODE_ENV", kind: "STATIC", value: "production" },
          {
            name: "QUEUE",
            kind: "INPUT",
            default: "default",
            label: "Queue",
            help: "Which queue it works on.",
          },
        ],
        restart: { condition: "ALWAYS" },
        resources: { memory: 256 * 1024 * 1024, cpus: 0.5 },
        rollout: { order: "START_FIRST", monitor: 10, drain: 30, deadline: 300 },
      },
    },
    {
      name: "nginx-gateway",
      title: "nginx gateway",
      type: "SERVER",
      subtype: "nginx",
      locked: true,
      description:
        "Template for a gateway in front of one service. Copy it and deploy it with the address of the service; more services take more `location` blocks in its file. On PROCESS it needs nginx on the host.",
      message: "Installed with Rebake",
      spec: nginxSpec(
        [
          {
            ...{ name: "UPSTREAM", kind: "INPUT", required: true, label: "Address of the service" },
            help: "host:port that requests go to, in a swarm tasks.<service>:<port>, in a cluster <service>.<namespace>.svc.cluster.local:<port>.",
          },
        ],
        nginxConf([{ name: "service", address: "${UPSTREAM}", path: "/" }]),
        imagePrefix,
      ),
    },
  ];
}

/** Patient once it has passed: an engine ends what does not pass any more, also when it is only its node that is busy. */
export const probe = { httpGet: { path: "/healthz" }, period: 2, timeout: 5, failureThreshold: 5 };

/** What services in Node.js with a source run in: node, npm and git. */
export function nodeImage(prefix: string | null): object {
  return { prefix, name: "node", tag: "20-bookworm" };
}

/** How nginx runs, in a container and as a process of a host alike. */
export function nginxSpec(env: object[], content: string, imagePrefix: string | null): object {
  return {
    image: { prefix: imagePrefix, name: "nginx", tag: "1.22" },
    // The configuration lies at its own path in a container, and below a folder of the instance on a host.
    command: nginxCommand,
    ports: [{ name: "http", target: 8080 }],
    env: [{ name: "NGINX_CONF", kind: "COMPUTED", value: "$REBAKE_FILES/etc/nginx/nginx.conf" }, ...env],
    files: [{ path: "/etc/nginx/nginx.conf", content }],
    readiness: probe,
    restart: { condition: "ALWAYS" },
    // No CPUs: a cluster keeps free what is a limit, and twice as much during a rebuild.
    resources: { memory: 128 * 1024 * 1024 },
    rollout: { order: "START_FIRST", monitor: 2, drain: 30, deadline: 120 },
  };
}
