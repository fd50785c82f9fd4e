import { expect } from "chai";
import { parseSpec } from "../../src/domain/parse-spec.js";
import {
  clusterDashboard,
  type Dashboard,
  processDashboard,
  swarmDashboard,
} from "../../src/install/dashboard.js";

const connection = { host: "unix:///run/engine", ca: null, certificate: null, key: null };
const cluster = {
  ...{ kubeconfig: null, context: null, inCluster: true, server: null, token: null, ca: null },
  namespace: "shop",
};
const origins = { imagePrefix: null, repository: "http://192.168.1.10:4000/examples/shop.git" };
const onHost = { host: "0.0.0.0", ports: [20_000, 20_001, 20_002], nginx: true };

const specsOf = ({ recipes }: Dashboard) =>
  new Map(recipes.map(({ name, spec }) => [name, parseSpec(spec as object)]));

describe("what is installed", () => {
  it("is the same recipes for hosts and swarms, but for where the code is", () => {
    const host = processDashboard({ ...origins, repository: "file:///home/shop" }, onHost);
    const swarm = swarmDashboard(origins, connection);
    const text = JSON.stringify(host.recipes).replaceAll("file:///home/shop", origins.repository);
    expect(text).to.equal(JSON.stringify(swarm.recipes));
  });

  it("has the addresses of services as values of the environment", () => {
    const { environment, services } = processDashboard(origins, onHost);
    expect(environment.values).to.deep.equal([
      { name: "CATALOG", value: "127.0.0.1:20000" },
      { name: "ORDERS", value: "127.0.0.1:20001" },
    ]);
    expect(services.map(({ ports }) => ports?.[0]?.published)).to.deep.equal(onHost.ports);
    const swarm = swarmDashboard(origins, connection);
    expect(swarm.environment.swarm).to.equal(connection);
    expect(swarm.environment.values).to.deep.equal([
      { name: "CATALOG", value: "tasks.catalog:3000" },
      { name: "ORDERS", value: "tasks.orders:3000" },
    ]);
  });

  it("publishes nothing fixed on a swarm, and has two replicas of each service", () => {
    const { services, notice } = swarmDashboard(origins, connection);
    expect(services).to.deep.equal([
      { name: "catalog", recipe: "dashboard-service", replicas: 2 },
      { name: "orders", recipe: "dashboard-service", replicas: 2 },
      { name: "gateway", recipe: "dashboard-nginx", replicas: 1 },
    ]);
    expect(notice).to.equal(null);
  });

  it("leads a port of each node of a cluster to the gateway, which knows services by their whole names", () => {
    const { environment, recipes, services, notice } = clusterDashboard(origins, cluster);
    expect(JSON.stringify(recipes)).to.equal(JSON.stringify(swarmDashboard(origins, connection).recipes));
    expect(environment).to.deep.include({ driver: "KUBERNETES", kubernetes: cluster });
    expect(environment.values).to.deep.equal([
      { name: "CATALOG", value: "catalog.shop.svc.cluster.local:3000" },
      { name: "ORDERS", value: "orders.shop.svc.cluster.local:3000" },
    ]);
    expect(services.map(({ name, ports }) => [name, ports?.[0]?.published])).to.deep.equal([
      ...[
        ["catalog", undefined],
        ["orders", undefined],
      ],
      ["gateway", 30_080],
    ]);
    expect(notice).to.equal(null);
  });

  it("takes all images from the registry that is named", () => {
    const images = [
      ...specsOf(swarmDashboard({ ...origins, imagePrefix: "reg.example:5000/a" }, connection)).values(),
    ];
    expect(images.map(({ image }) => `${image?.prefix}/${image?.name}`)).to.have.members([
      ...["reg.example:5000/a/node", "reg.example:5000/a/node", "reg.example:5000/a/node"],
      ...["reg.example:5000/a/nginx", "reg.example:5000/a/nginx"],
    ]);
  });

  it("says why there is no gateway, and makes the rest, on a host without nginx", () => {
    const { services, notice, recipes } = processDashboard(origins, { ...onHost, nginx: false });
    expect(services.map(({ name }) => name)).to.deep.equal(["catalog", "orders"]);
    expect(notice).to.include("install nginx");
    expect(recipes.map(({ name }) => name)).to.include("dashboard-nginx");
  });
});
