import { AsyncLocalStorage } from "node:async_hooks";
import type { DataSource, EntityManager } from "typeorm";
import type { Driver, Reporter, StepProgress } from "../../src/operations/driver.js";
import { Journal, type OpenJournal } from "../../src/operations/journal.js";
import type { Points } from "./points.js";

type Call = (...given: unknown[]) => unknown;

/** Which write of the journal a transaction belongs to. */
const writing = new AsyncLocalStorage<string>();

/** An object all of whose methods pass a point before and after. */
function watched<T extends object>(
  target: T,
  points: Points,
  nameOf: (method: string, given: unknown[]) => string,
): T {
  return new Proxy(target, {
    get(object, property) {
      const value: unknown = Reflect.get(object, property, object);
      return typeof value === "function" && typeof property === "string"
        ? watchedCall(value.bind(object) as Call, points, (given) => nameOf(property, given))
        : value;
    },
  });
}

function watchedCall(call: Call, points: Points, nameOf: (given: unknown[]) => string): Call {
  return (...given) => {
    const name = nameOf(given);
    points.pass(`${name}/before`);
    const answer = writing.run(name, () => call(...given));
    if (!(answer instanceof Promise)) {
      points.pass(`${name}/after`);
      return answer;
    }
    return answer.finally(() => points.pass(`${name}/after`));
  };
}

/** A journal whose writes are points, told apart by step and state. */
export function watchedJournal(points: Points): OpenJournal {
  return (...given) => {
    points.pass("claim/after");
    return watched(
      new Journal(...given),
      points,
      (method, [first]) => `journal.${method}${detail(method, first)}`,
    );
  };
}

function detail(method: string, given: unknown): string {
  if (method === "step") {
    const { step, state } = given as StepProgress;
    return `(${step} ${state})`;
  }
  return "";
}

/** A driver whose calls are points, and the reporter it is given. */
export function watchedDriver(driver: Driver, points: Points): Driver {
  const withReporter = ["replace", "scale", "remove"];
  const wrapped = new Proxy(driver, {
    get(object, property) {
      const value: unknown = Reflect.get(object, property, object);
      return typeof value === "function" && withReporter.includes(String(property))
        ? (...given: unknown[]) =>
            value.apply(
              object,
              given.map((one) => (isReporter(one) ? watchedHold(one, points) : one)),
            )
        : typeof value === "function"
          ? value.bind(object)
          : value;
    },
  });
  return watched(wrapped, points, (method) => `driver.${method}`);
}

function isReporter(given: unknown): given is Reporter {
  return typeof given === "object" && given !== null && "assertHeld" in given;
}

function watchedHold(report: Reporter, points: Points): Reporter {
  const assertHeld = watchedCall(
    () => report.assertHeld(),
    points,
    () => "report.assertHeld",
  );
  return { ...report, assertHeld: assertHeld as Reporter["assertHeld"] };
}

/** Makes the last moment before a commit a point, for writes of the journal and for claims. */
export function watchTransactions(dataSource: DataSource, points: Points): void {
  const transaction = dataSource.transaction.bind(dataSource) as (
    work: (manager: EntityManager) => Promise<unknown>,
  ) => Promise<unknown>;
  const watchedTransaction = (...given: unknown[]) => {
    const work = given.at(-1) as (manager: EntityManager) => Promise<unknown>;
    return given.length > 1
      ? (dataSource.manager.transaction as Call).apply(dataSource.manager, given)
      : transaction(async (manager) => {
          const claimed = claimedBy(manager);
          const result = await work(manager);
          const name = claimed() ? "claim" : writing.getStore();
          if (name !== undefined && /^(claim|journal)/.test(name)) {
            points.pass(`${name}/in transaction`);
          }
          return result;
        });
  };
  Object.assign(dataSource, { transaction: watchedTransaction });
}

/** Says whether a manager has claimed something since: looks that find nothing are none of a run's. */
function claimedBy(manager: EntityManager): () => boolean {
  let claimed = false;
  const query = manager.query.bind(manager) as Call;
  const noting = async (sql: string, ...rest: unknown[]) => {
    const answer = await query(sql, ...rest);
    const [rows] = answer as [unknown[]];
    claimed ||= sql.includes("set state = 'RUNNING'") && rows.length > 0;
    return answer;
  };
  Object.assign(manager, { query: noting });
  return () => claimed;
}
