import { expect } from "chai";
import type { RequestContext } from "../../src/api/context.js";
import { Feed } from "../../src/api/feed.js";
import { findService } from "../../src/domain/find.js";
import { removeService } from "../../src/domain/remove-service.js";
import { setServiceInputs } from "../../src/domain/set-service-inputs.js";
import type { LoggedEvent, ServiceSnapshot } from "../../src/events/event-map.js";
import type { ServiceLogLine } from "../../src/operations/driver.js";
import { actor, hostId } from "../support/catalog.js";
import { testDatabase } from "../support/cluster.js";
import { apiServer, type Json } from "./api-server.js";

const logsOfService = "query($id: ID!) { node(id: $id) { ... on Service { logs { line } } } }";

describe("feeds of services", () => {
  const database = testDatabase();
  const api = apiServer(database);
  let service: string;
  let other: string;

  before(async () => {
    const { catalog } = api.current;
    await catalog.environment("DEV");
    await catalog.environment("PROD");
    await catalog.recipe("shop", { env: [{ name: "NAME", kind: "INPUT" }] });
    service = (await catalog.deploy({ environment: "DEV", recipe: "shop", name: "orders", group: "shop" }))
      .service.id;
    other = (await catalog.deploy({ environment: "PROD", recipe: "shop", name: "orders" })).service.id;
  });

  const context = (environments: string[] | null = null): RequestContext =>
    api.current.api.edge.contexts.forRequest(
      { tokenId: "t", name: "t" },
      { role: "ADMIN", environments },
      "r",
    );
  async function subscribe(field: string, args: object, environments: string[] | null = null): Promise<Json> {
    const { subscribe } = api.current.api.edge.schema.getSubscriptionType()!.getFields()[field]!;
    return subscribe!(undefined, args, context(environments), {} as never);
  }
  const changes = async () =>
    (await api.current.catalog.events()).filter((event) => event.type === "SERVICE_CHANGED");

  it("tell of what is new and of inputs, with the service as it was then", async () => {
    const { catalog } = api.current;
    const [first] = await changes();
    expect(first!.payload).to.deep.include({
      ...{ service: "orders", environment: "DEV", recipe: "shop", group: "shop", state: "STOPPED" },
      ...{ revision: null, commit: null, replicas: 1, removed: false },
    });
    const before = (await changes()).length;
    await catalog.run((tx) =>
      setServiceInputs(tx, { service, inputs: [{ name: "NAME", value: "x" }] }, catalog),
    );
    expect((await changes()).length).to.equal(before + 1);
  });

  it("are not for tokens of an environment that has the code of a deleted one", async () => {
    const { catalog } = api.current;
    const event = (environmentId: string) => {
      const payload = { serviceId: "s", environmentId, environment: "SHORT", state: "RUNNING" };
      return { type: "SERVICE_CHANGED", cursor: 1n, at: new Date(), payload } as LoggedEvent;
    };
    const gone = await catalog.environment("SHORT");
    await api.current.sql("update environment set deleted_at = now() where id = $1", [gone.id]);
    const there = await catalog.environment("SHORT");
    const { source } = (await subscribe("serviceChanged", {}, ["SHORT"])) as Feed;
    expect([gone, there].map(({ id }) => source.matches!(event(id)))).to.deep.equal([false, true]);
  });

  it("let through what a filter and the token's environments say, and nothing that does not say enough", async () => {
    const old = { type: "SERVICE_CHANGED", cursor: 1n, at: new Date() } as const;
    const narrow = { ...old, payload: { serviceId: service, environmentId: "e", state: "RUNNING" } };
    const events = [...(await changes()), narrow as LoggedEvent];
    const seen = async (filter: object, environments: string[] | null = null) => {
      const { source } = (await subscribe("serviceChanged", { filter }, environments)) as Feed;
      const found = events.filter(
        (event) =>
          (!source.serviceIds || source.serviceIds.includes(event.payload.serviceId!)) &&
          source.matches!(event),
      );
      return [...new Set(found.map(({ payload }) => (payload as ServiceSnapshot).environment))];
    };
    expect(await seen({})).to.deep.equal(["DEV", "PROD"]);
    expect(await seen({}, ["PROD"])).to.deep.equal(["PROD"]);
    expect(await seen({ environment: "DEV" }, ["PROD"])).to.deep.equal([]);
    expect(await seen({ group: "shop" })).to.deep.equal(["DEV"]);
    expect(await seen({ service: other })).to.deep.equal(["PROD"]);
    expect(await seen({ recipe: "none" })).to.deep.equal([]);
    expect(await seen({ state: "RUNNING" })).to.deep.equal([]);
  });

  it("show what a service printed, and go on until it is gone", async () => {
    const { driver } = api.current.catalog;
    const line = (text: string): ServiceLogLine => ({
      at: new Date(0),
      instance: 1,
      stream: "stdout",
      line: text,
    });
    driver.printed.push(...["one", "two", "трое"].map(line));
    const { node } = await api.current.query(
      "query($id: ID!) { node(id: $id) { ... on Service { logs(tail: 2) { at instance stream line } } } }",
      { id: service },
    );
    expect(node.logs).to.deep.equal([
      { at: "1970-01-01T00:00:00.000Z", instance: 1, stream: "STDOUT", line: "two" },
      { at: "1970-01-01T00:00:00.000Z", instance: 1, stream: "STDOUT", line: "трое" },
    ]);
    const stream = (await subscribe("serviceLog", { service, tail: 10 })) as AsyncIterableIterator<
      ServiceLogLine[]
    >;
    expect((await stream.next()).value.map((one: ServiceLogLine) => one.line)).to.deep.equal([
      "one",
      "two",
      "трое",
    ]);
    const next = stream.next();
    driver.printed.push(line("four"));
    driver.printing.emit("line");
    expect((await next).value[0].line).to.equal("four");
    const last = stream.next();
    driver.printing.emit("end");
    expect((await last).done).to.equal(true);
  });

  it("say whom to ask about an environment of another host", async () => {
    const { environmentId } = (await api.current.catalog.run((tx) => findService(tx, other)))!;
    const move = (host: string) =>
      api.current.sql("update environment set host_id = $2 where id = $1", [environmentId, host]);
    await move("elsewhere");
    const error: Json = await subscribe("serviceLog", { service: other }).catch((thrown: Json) => thrown);
    expect([error.code, error.message]).to.deep.equal([
      "UNAVAILABLE",
      "PROD runs on another host; ask the server there.",
    ]);
    const { extensions } = await api.current.error(logsOfService, { id: other });
    expect(extensions.code).to.equal("UNAVAILABLE");
    await move(hostId);
  });

  it("cost as much as the lines that are asked for", async () => {
    const all = (tail: string) => `{ services(first: 100) { edges { node { logs${tail} { line } } } } }`;
    const { extensions } = await api.current.error(all("(tail: 1000)"));
    expect(extensions.code).to.equal("LIMIT_EXCEEDED");
    await api.current.query(all(""));
    const variable = "query($n: Int) { services { edges { node { logs(tail: $n) { line } } } } }";
    expect((await api.current.error(variable, { n: 1 })).extensions.code).to.equal("LIMIT_EXCEEDED");
  });

  it("end when the reader goes", async () => {
    const stream = (await subscribe("serviceLog", { service, tail: 0 })) as AsyncIterableIterator<unknown>;
    const waiting = stream.next();
    await stream.return!();
    expect((await waiting).done).to.equal(true);
  });

  it("say which service there is not, also to who may not see it", async () => {
    const code = (work: Promise<unknown>) => work.catch((error: { code: string }) => error.code);
    expect(await code(subscribe("serviceLog", { service: "svc_no" }))).to.equal("NO_SUCH_SERVICE");
    expect(await code(subscribe("serviceLog", { service }, ["PROD"]))).to.equal("NO_SUCH_SERVICE");
    expect(await code(subscribe("serviceLog", { service, tail: 1001 }))).to.equal("LIMIT_EXCEEDED");
    const { extensions } = await api.current.error(
      "query($id: ID!) { node(id: $id) { ... on Service { logs(tail: -1) { line } } } }",
      { id: service },
    );
    expect(extensions.code).to.equal("LIMIT_EXCEEDED");
    await api.current.catalog.run((tx) => removeService(tx, { service }, actor));
    await api.current.sql("update service set removed_at = now() where id = $1", [service]);
    expect(await code(subscribe("serviceLog", { service }))).to.equal("NO_SUCH_SERVICE");
    expect((await api.current.query(logsOfService, { id: service })).node.logs).to.deep.equal([]);
  });
});
