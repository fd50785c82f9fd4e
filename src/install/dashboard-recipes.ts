import type { CreateRecipeInput } from "../domain/create-recipe.js";
import { nginxConf } from "./nginx-conf.js";
import { nginxSpec, nodeImage, probe } from "./templates.js";

/** The recipe of the example services. */
export function dashboardService(repository: string, imagePrefix: string | null): CreateRecipeInput {
  return {
    name: "dashboard-service",
    title: "Dashboard Service Recipe",
    type: "SERVICE",
    description:
      "A Node.js web service from a git repository, probed at /healthz. catalog and orders are made from it.",
    message: "Installed with Rebake",
    spec: {
      image: nodeImage(imagePrefix),
      source: { repository, branch: "main" },
      command: ["node", "server.js"],
      ports: [{ name: "http", target: 3000 }],
      env: [
        { name: "PORT", kind: "COMPUTED", value: "$REBAKE_PORT" },
        { name: "SHOP_SERVICE", kind: "COMPUTED", value: "$REBAKE_SERVICE" },
        { name: "SHOP_ENVIRONMENT", kind: "COMPUTED", value: "$REBAKE_ENVIRONMENT" },
        { name: "SHOP_COMMIT", kind: "COMPUTED", value: "$REBAKE_COMMIT" },
        { name: "SHOP_INSTANCE", kind: "COMPUTED", value: "$REBAKE_INSTANCE" },
        { name: "SHOP_OPERATION", kind: "COMPUTED", value: "$REBAKE_OPERATION" },
        { name: "SHOP_GREETING", kind: "STATIC", value: "Welcome" },
      ],
      readiness: probe,
      restart: { condition: "ALWAYS" },
      rollout: { order: "START_FIRST", monitor: 2, drain: 6, deadline: 300 },
    },
  };
}

/** The recipe of the gateway in front of them; where they are, the environment's values CATALOG and ORDERS say. */
export function dashboardNginx(imagePrefix: string | null): CreateRecipeInput {
  return {
    name: "dashboard-nginx",
    title: "Dashboard Nginx Recipe",
    type: "SERVER",
    subtype: "nginx",
    description:
      "The gateway of DASHBOARD: /catalog/ and /orders/ go to these services, whose addresses are the environment's values CATALOG and ORDERS. On PROCESS it needs nginx on the host.",
    message: "Installed with Rebake",
    spec: nginxSpec(
      [],
      nginxConf([
        { name: "catalog", address: "${REBAKE_VALUE_CATALOG}", path: "/catalog/" },
        { name: "orders", address: "${REBAKE_VALUE_ORDERS}", path: "/orders/" },
      ]),
      imagePrefix,
    ),
  };
}
