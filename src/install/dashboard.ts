import type { KubernetesConnection, SwarmConnection } from "../domain/connection.js";
import type { CreateEnvironmentInput } from "../domain/create-environment.js";
import type { CreateRecipeInput } from "../domain/create-recipe.js";
import type { DeployServiceInput } from "../domain/deploy-service.js";
import { dashboardNginx, dashboardService } from "./dashboard-recipes.js";
import { templates } from "./templates.js";

/** What an empty database is filled with. */
export interface Dashboard {
  environment: CreateEnvironmentInput;
  recipes: CreateRecipeInput[];
  services: Omit<DeployServiceInput, "environment">[];
  /** Why one of the services is missing, and what to do; null: none is. */
  notice: string | null;
}

/** Prefix of images, null: Docker Hub; and where the code of the example services is. */
export interface Origins {
  imagePrefix: string | null;
  repository: string;
}

const noNginx =
  "nginx is not installed on this host, so that the gateway was not deployed: install nginx, then deploy a service from dashboard-nginx.";
const catalog = { name: "catalog", recipe: "dashboard-service", replicas: 2 };
const orders = { name: "orders", recipe: "dashboard-service", replicas: 2 };
const gateway = { name: "gateway", recipe: "dashboard-nginx", replicas: 1 };

/**
 * On this host: at ports that are known beforehand, so that the gateway can be told them.
 * @param ports those of catalog, orders and gateway; fewer when there are not as many
 */
export function processDashboard(
  origins: Origins,
  { host, ports, nginx }: { host: string; ports: number[]; nginx: boolean },
): Dashboard {
  const address = host === "0.0.0.0" ? "127.0.0.1" : host;
  const at = (index: number) => `${address}:${ports[index] ?? 0}`;
  return {
    environment: {
      code: "DASHBOARD",
      driver: "PROCESS",
      description: "The services that come with Rebake, run on this host.",
      values: addresses(at(0), at(1)),
    },
    recipes: recipesOf(origins),
    services: [catalog, orders, ...(nginx ? [gateway] : [])].map((service, index) => {
      const published = ports[index];
      return { ...service, ports: published === undefined ? null : [{ name: "http", published }] };
    }),
    notice: nginx ? null : noNginx,
  };
}

/** On a swarm: `tasks.<name>` are the addresses of a service's replicas on the environment's network, in either mode. */
export function swarmDashboard(origins: Origins, connection: SwarmConnection): Dashboard {
  return {
    environment: {
      code: "DASHBOARD",
      driver: "SWARM",
      description: "The services that come with Rebake, run on a swarm.",
      values: addresses("tasks.catalog:3000", "tasks.orders:3000"),
      swarm: connection,
    },
    recipes: recipesOf(origins),
    services: [catalog, orders, gateway],
    notice: null,
  };
}

/** Where each node of a cluster leads to the gateway: of the range that nodes have for services. */
export const gatewayNodePort = 30_080;

/**
 * On a cluster. nginx asks the cluster's DNS by itself, without the search list that other programs go through: so names
 * are whole ones.
 */
export function clusterDashboard(origins: Origins, connection: KubernetesConnection): Dashboard {
  const at = (service: string) => `${service}.${connection.namespace}.svc.cluster.local:3000`;
  return {
    environment: {
      code: "DASHBOARD",
      driver: "KUBERNETES",
      description: "The services that come with Rebake, run on a cluster.",
      values: addresses(at(catalog.name), at(orders.name)),
      kubernetes: connection,
    },
    recipes: recipesOf(origins),
    services: [catalog, orders, { ...gateway, ports: [{ name: "http", published: gatewayNodePort }] }],
    notice: null,
  };
}

/** What the gateway's recipe knows the services by. */
function addresses(ofCatalog: string, ofOrders: string): { name: string; value: string }[] {
  return [
    { name: "CATALOG", value: ofCatalog },
    { name: "ORDERS", value: ofOrders },
  ];
}

function recipesOf({ imagePrefix, repository }: Origins): CreateRecipeInput[] {
  return [...templates(imagePrefix), dashboardService(repository, imagePrefix), dashboardNginx(imagePrefix)];
}
