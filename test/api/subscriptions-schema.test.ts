import { expect } from "chai";
import { execute, parse } from "graphql";
import type { RequestContext } from "../../src/api/context.js";
import { Feed } from "../../src/api/feed.js";
import type { LoggedEvent } from "../../src/events/event-map.js";
import { testDatabase } from "../support/cluster.js";
import { apiServer, type Json } from "./api-server.js";

type Field = keyof typeof documents;
const documents = {
  updateAvailable:
    "subscription { updateAvailable { cursor update { id kind reasons read service { name recipe { name } } changes { path after } } } }",
  updates: "subscription { updates { __typename cursor update { id toRevision } } }",
  operationProgress:
    'subscription { operationProgress(operation: "x") { cursor operation { state steps { name } cause { code } service { name } } } }',
  operationLog: 'subscription { operationLog(operation: "x") { line stream cursor } }',
};

describe("subscriptions of the schema", () => {
  const database = testDatabase();
  const api = apiServer(database);
  let events: LoggedEvent[];
  let ids: { service: string; operation: string; dev: string };

  before(async () => {
    const { catalog } = api.current;
    const dev = await catalog.environment("DEV");
    await catalog.environment("PRD");
    await catalog.recipe("shop");
    await catalog.recipe("other");
    const { service, operation } = await catalog.deploy({
      environment: "DEV",
      recipe: "shop",
      name: "orders",
    });
    await catalog.deploy({ environment: "PRD", recipe: "shop", name: "orders" });
    await catalog.settleAsDeployed();
    await catalog.bump("shop", { spec: { workingDir: "/srv" } });
    await catalog.bump("shop", { spec: { workingDir: null } });
    events = await catalog.events();
    ids = { service: service.id, operation: operation.id, dev: dev.id };
  });

  const context = (environments: string[] | null = null): RequestContext =>
    api.current.api.edge.contexts.forRequest(
      { tokenId: "t", name: "t" },
      { role: "ADMIN", environments },
      "r",
    );

  async function subscribe(field: Field, args: object, environments: string[] | null = null): Promise<Json> {
    const { subscribe } = api.current.api.edge.schema.getSubscriptionType()!.getFields()[field]!;
    return subscribe!(undefined, args, context(environments), {} as never);
  }

  async function wantedBy(args: object, environments: string[] | null = null): Promise<string[]> {
    const { source } = (await subscribe("updates", args, environments)) as Feed;
    const wanted = events.filter(
      (event) =>
        source.types.includes(event.type) &&
        (!source.serviceIds || source.serviceIds.includes(event.payload.serviceId ?? "")) &&
        source.matches!(event),
    );
    return wanted.map(({ type, payload }) => `${type} ${(payload as { environment?: string }).environment}`);
  }

  it("want exactly the events that filter and scope let through", async () => {
    const all = [
      "UPDATE_AVAILABLE DEV",
      "UPDATE_AVAILABLE PRD",
      "UPDATE_RESOLVED DEV",
      "UPDATE_RESOLVED PRD",
    ];
    const dev = ["UPDATE_AVAILABLE DEV", "UPDATE_RESOLVED DEV"];
    expect(await wantedBy({})).to.deep.equal(all);
    expect(await wantedBy({ filter: { environment: "DEV" } })).to.deep.equal(dev);
    expect(
      await wantedBy({ filter: { service: ids.service, recipe: "shop", kind: "UPGRADE" } }),
    ).to.deep.equal(dev);
    expect(await wantedBy({ filter: { recipe: "other" } })).to.deep.equal([]);
    expect(await wantedBy({ filter: { kind: "UPDATE" } })).to.deep.equal([]);
    expect(await wantedBy({ filter: { reason: "CODE" } })).to.deep.equal([]);
    expect(await wantedBy({}, ["DEV"])).to.deep.equal(dev);
    expect(await wantedBy({ filter: { environment: "PRD" } }, ["DEV"])).to.deep.equal([]);
  });

  it("show an Update as it was at its event, though it has gone since", async () => {
    const event = events.find(({ type }) => type === "UPDATE_AVAILABLE")!;
    const { data, errors } = (await run("updateAvailable", event)) as Json;
    expect(errors).to.equal(undefined);
    const { cursor, update } = data.updateAvailable;
    expect(cursor).to.equal(String(event.cursor));
    expect(update).to.deep.include({ kind: "UPGRADE", reasons: ["RECIPE"], read: false });
    expect(update.service).to.deep.equal({ name: "orders", recipe: { name: "shop" } });
    expect(update.changes).to.deep.equal([{ path: ["workingDir"], after: "/srv" }]);
    const resolved = events.find(({ type }) => type === "UPDATE_RESOLVED")!;
    const answer = (await run("updates", resolved)) as Json;
    expect(answer.data.updates.__typename).to.equal("UpdateResolved");
  });

  it("follow an operation from its first event on, and complete for who had its verdict", async () => {
    const first = events.find(
      (event) => "operationId" in event.payload && event.payload.operationId === ids.operation,
    )!;
    const feed = (await subscribe("operationProgress", { operation: ids.operation })) as Feed;
    expect(feed.source).to.deep.include({
      operationId: ids.operation,
      after: first.cursor - 1n,
      initial: undefined,
    });
    const { data } = (await run("operationProgress", first)) as Json;
    expect(data.operationProgress.operation.state).to.equal("QUEUED");
    const newest = events.at(-1)!.cursor;
    const rest = await subscribe("operationProgress", { operation: ids.operation, after: newest });
    expect(rest).not.to.be.instanceOf(Feed);
    expect(await rest.next()).to.deep.equal({ value: undefined, done: true });
  });

  it("tell how an operation ended when its events have been cleaned up", async () => {
    await api.current.sql("delete from event where operation_id = $1", [ids.operation]);
    const { source } = (await subscribe("operationProgress", { operation: ids.operation })) as Feed;
    expect(source.initial).to.have.lengthOf(1);
    const { data } = (await run("operationProgress", source.initial![0]!)) as Json;
    expect(data.operationProgress.operation.state).to.equal("SUCCEEDED");
    expect(source.isLast!(source.initial![0]!)).to.equal(true);
  });

  it("follow an operation's log, resume after a line, and end with it", async () => {
    const insert = "insert into operation_log (operation_id, seq, stream, line) values ($1, $2, 'npm', $3)";
    for (const seq of [1, 2, 3]) {
      await api.current.sql(insert, [ids.operation, seq, `line ${seq}`]);
    }
    const all = await subscribe("operationLog", { operation: ids.operation });
    const { value } = await all.next();
    const { data } = (await run("operationLog", value)) as Json;
    expect(data.operationLog.map((line: Json) => line.line)).to.deep.equal(["line 1", "line 2", "line 3"]);
    expect(data.operationLog[0].stream).to.equal("NPM");
    expect((await all.next()).done).to.equal(true);
    const rest = await subscribe("operationLog", {
      operation: ids.operation,
      after: data.operationLog[1].cursor,
    });
    expect((await rest.next()).value.map((line: Json) => line.line)).to.deep.equal(["line 3"]);
    await rest.return();
    await api.current.sql("update operation set state = 'RUNNING' where id = $1", [ids.operation]);
    const open = await subscribe("operationLog", {
      operation: ids.operation,
      after: data.operationLog[2].cursor,
    });
    const pending = open.next();
    await open.return();
    expect((await pending).done).to.equal(true);
  });

  it("refuse filters by what their events do not say", async () => {
    for (const filter of [{ unread: true }, { unread: false }, { search: "orders" }, { search: "" }]) {
      const refused = await subscribe("updates", { filter }).catch((error) => error);
      expect(refused.code, JSON.stringify(filter)).to.equal("BAD_REQUEST");
    }
    expect(await subscribe("updates", { filter: { unread: null, search: null } })).to.be.instanceOf(Feed);
  });

  it("know no operation that is not there or may not be seen", async () => {
    for (const field of ["operationProgress", "operationLog"] as const) {
      const missing = await subscribe(field, { operation: "opn_x" }).catch((error) => error);
      expect(missing.code).to.equal("NO_SUCH_OPERATION");
      const hidden = await subscribe(field, { operation: ids.operation }, ["PRD"]).catch((error) => error);
      expect(hidden.code).to.equal("NO_SUCH_OPERATION");
    }
  });

  function run(field: Field, rootValue: unknown) {
    const { edge } = api.current.api;
    const contextValue = edge.contexts.forEvents({ role: "ADMIN", environments: null });
    return execute({ schema: edge.schema, document: parse(documents[field]), rootValue, contextValue });
  }
});
