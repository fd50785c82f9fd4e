import { eventually } from "../support/eventually.js";
import { type Lane, replicas, secret } from "./lane.js";

/** What a run leads to, for the checks after it. */
export interface Expected {
  verdicts: string[];
  /** What the service answers at `/`; null: it is gone. */
  answers: string | null;
  replicas: number;
  cause?: string;
}

/** One kind of work. */
export interface Scenario {
  name: string;
  /** Brings the service to where the work begins, and says what it leads to. */
  prepare(lane: Lane): Promise<Expected>;
  /** Asks for the work and returns the operation's id; asked again with the same key it returns the same. */
  ask(lane: Lane, key: string): Promise<string>;
}

const service = "app";
/** What the service answers now, by lane. */
const current = new WeakMap<Lane, string>();

async function request(lane: Lane, mutation: string, input: object): Promise<string> {
  const type = `${mutation[0]!.toUpperCase()}${mutation.slice(1)}Input`;
  const payload = await lane.mutate(
    `mutation($input: ${type}!) { p: ${mutation}(input: $input) { operation { id } errors { code message } } }`,
    { input },
  );
  return payload.operation.id;
}

async function run(lane: Lane, id: string, verdict = "SUCCEEDED"): Promise<void> {
  const row = await lane.ended(id);
  if (row?.state !== verdict) {
    throw new Error(`${row?.kind} ended ${row?.state}: ${JSON.stringify(row?.cause)}`);
  }
}

async function exists(lane: Lane): Promise<boolean> {
  const rows = await lane.sql("select from service where name = $1 and removed_at is null", [service]);
  return rows.length > 0;
}

const deployInput = {
  environment: "DEV",
  recipe: "app",
  name: service,
  replicas,
  inputs: [{ name: "KEY", value: secret }],
};

/** The service runs, as many times as it should, and its recipe makes it work. */
async function running(lane: Lane): Promise<string> {
  if (!(await exists(lane))) {
    current.set(lane, await lane.commit());
    await lane.behave("");
    await run(lane, await request(lane, "deployService", deployInput));
  }
  await lane.behave("");
  const id = await lane.serviceId(service);
  const [row] = await lane.sql<{ replicas: number }>("select replicas from service where id = $1", [id]);
  if (row!.replicas !== replicas) {
    await run(lane, await request(lane, "scaleService", { service: id, replicas }));
  }
  return id;
}

async function removed(lane: Lane): Promise<void> {
  if (await exists(lane)) {
    await run(lane, await request(lane, "removeService", { service: await lane.serviceId(service) }));
  }
  await lane.behave("");
}

const good = (answers: string | null, count = replicas): Expected => ({
  verdicts: ["SUCCEEDED"],
  answers,
  replicas: count,
});

const deploy: Scenario = {
  name: "deploy",
  async prepare(lane) {
    await removed(lane);
    const version = await lane.commit();
    current.set(lane, version);
    return good(version);
  },
  ask: (lane, idempotencyKey) => request(lane, "deployService", { ...deployInput, idempotencyKey }),
};

const rebuild: Scenario = {
  name: "rebuild",
  async prepare(lane) {
    await running(lane);
    const version = await lane.commit();
    current.set(lane, version);
    return good(version);
  },
  ask: async (lane, idempotencyKey) =>
    request(lane, "rebuildService", { service: await lane.serviceId(service), idempotencyKey }),
};

const failing: Scenario = {
  name: "rebuild that fails",
  async prepare(lane) {
    await running(lane);
    await lane.behave("crash");
    return { ...good(current.get(lane)!), verdicts: ["FAILED"], cause: "APP_EXITED" };
  },
  ask: rebuild.ask,
};

const cancelled: Scenario = {
  name: "rebuild that is cancelled",
  async prepare(lane) {
    await running(lane);
    await lane.behave("500");
    return { ...good(current.get(lane)!), verdicts: ["CANCELLED"], cause: "CANCELLED_BY_USER" };
  },
  async ask(lane, key) {
    const id = await rebuild.ask(lane, key);
    const isUnderWay = async () => {
      const { state, steps } = await lane.operation(id);
      return lane.dead || state !== "RUNNING"
        ? state !== "QUEUED"
        : steps.some((step) => step.name === "READY" && step.state === "RUNNING");
    };
    await eventually(isUnderWay, { deadline: 20_000, what: "the new one is being waited for" });
    const cancel =
      "mutation($id: ID!) { cancelOperation(input: { operation: $id }) { operation { id } errors { code } } }";
    await lane.server.graphql(cancel, { id });
    return id;
  },
};

const rollback: Scenario = {
  name: "rollback",
  async prepare(lane) {
    await running(lane);
    const before = current.get(lane)!;
    await lane.commit();
    await run(lane, await request(lane, "rebuildService", { service: await lane.serviceId(service) }));
    return good(before);
  },
  ask: async (lane, idempotencyKey) =>
    request(lane, "rollbackService", { service: await lane.serviceId(service), idempotencyKey }),
};

const restart: Scenario = {
  name: "restart",
  async prepare(lane) {
    await running(lane);
    return good(current.get(lane)!);
  },
  ask: async (lane, idempotencyKey) =>
    request(lane, "restartService", { service: await lane.serviceId(service), idempotencyKey }),
};

const scaleTo = (name: string, from: number, to: number): Scenario => ({
  name,
  async prepare(lane) {
    const id = await running(lane);
    await run(lane, await request(lane, "scaleService", { service: id, replicas: from }));
    return good(current.get(lane)!, to);
  },
  ask: async (lane, idempotencyKey) =>
    request(lane, "scaleService", { service: await lane.serviceId(service), replicas: to, idempotencyKey }),
});

const remove: Scenario = {
  name: "remove",
  async prepare(lane) {
    await running(lane);
    return good(null, 0);
  },
  async ask(lane, idempotencyKey) {
    const [row] = await lane.sql<{ id: string }>(
      "select id from service where name = $1 order by id desc limit 1",
      [service],
    );
    const [asked] = await lane.sql<{ id: string }>(
      "select id from operation where service_id = $1 and kind = 'REMOVE'",
      [row!.id],
    );
    return asked?.id ?? request(lane, "removeService", { service: row!.id, idempotencyKey });
  },
};

export const scenarios: readonly Scenario[] = [
  rebuild,
  failing,
  cancelled,
  rollback,
  restart,
  scaleTo("scale up", 1, 3),
  scaleTo("scale down", 3, 2),
  remove,
  deploy,
];
