import type { Driver, ServiceRef, Target } from "../../../src/operations/driver.js";
import { newRef, Recorder, type SpecFields, specOf, targetOf, until } from "../bench.js";

/** The port on which the services of the cases listen. */
const servicePort = 3000;
const gatewayPort = 8080;

/**
 * Requests to `/<service>/…` go to that service, wherever its tasks are: their names are resolved again each second.
 * A task that refuses a connection is no answer as long as there is another.
 */
const nginxConf = `worker_processes 1;
pid /tmp/gateway.pid;
error_log stderr warn;
events { worker_connections 4096; }
http {
  access_log off;
  resolver 127.0.0.11 valid=1s ipv6=off;
  resolver_timeout 2s;
  large_client_header_buffers 4 32k;
  map $http_upgrade $connection_header { default upgrade; '' ''; }
  server {
    listen ${gatewayPort};
    location = /healthz { return 200 ok; }
    location ~ ^/(?<service>[a-z0-9-]+)/?(?<rest>.*)$ {
      proxy_pass http://$service:${servicePort}/$rest$is_args$args;
      proxy_http_version 1.1;
      proxy_set_header Host $host;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection $connection_header;
      proxy_connect_timeout 1s;
      proxy_next_upstream error timeout;
      proxy_buffering off;
      proxy_read_timeout 1h;
    }
  }
}
`;

/** Where requests from this host meet services that have addresses on a network of the swarm alone. */
export class Gateway {
  private constructor(
    private readonly driver: Driver,
    private readonly ref: ServiceRef,
    /** e.g. `http://127.0.0.1:32768` */
    readonly url: string,
  ) {}

  /** Deploys it with the driver under test. */
  static async deploy(driver: Driver, environmentId: string, fields: SpecFields): Promise<Gateway> {
    const ref = newRef("gateway", environmentId);
    const target = await targetFor(driver, ref, fields);
    const { verdict, cause } = await driver.replace(null, target, new Recorder());
    if (verdict !== "SUCCEEDED") {
      throw new Error(`the gateway could not be deployed: ${JSON.stringify(cause)}`);
    }
    const [task] = (await driver.inspect(ref)).tasks;
    const url = `http://${task!.address}`;
    await until("the gateway answers", () => fetch(`${url}/healthz`).catch(() => null));
    return new Gateway(driver, ref, url);
  }

  async remove(): Promise<void> {
    await this.driver.remove(this.ref, new Recorder());
  }
}

async function targetFor(driver: Driver, ref: ServiceRef, fields: SpecFields): Promise<Target> {
  const image = {
    ...{ prefix: null, name: "nginx", tag: "1.22" },
    ...{ pullPolicy: "IF_NOT_PRESENT" as const, credential: null },
  };
  const file = "/etc/nginx/gateway.conf";
  const { spec } = driver.project(
    specOf({
      ...fields,
      image,
      command: ["nginx", "-e", "stderr", "-c", file, "-g", "daemon off;"],
      files: [{ path: file, content: [nginxConf], mode: "0644" }],
      ports: [{ name: "http", target: gatewayPort, published: null, preserveClientIp: true }],
      readiness: { httpGet: { path: "/healthz" }, tcp: null, exec: null, period: 1, timeout: 2 },
      rollout: { monitor: 1, deadline: 60, drain: 1 },
    }),
  );
  const pinned = await driver.pinImage(ref.environmentId, image, null, new AbortController().signal);
  return targetOf(ref, spec, { image: pinned });
}
