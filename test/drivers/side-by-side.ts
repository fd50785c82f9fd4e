import { isChosen, Lanes } from "./conformance/lanes.js";

/** Adds a case; `lacks`: what this host does not have and it alone needs. */
export type AddCase<Stage> = (
  name: string,
  run: (stage: Stage) => unknown,
  options?: { lacks?: string | null },
) => void;

/** What the cases of a file share. */
export interface Shared<Stage> {
  open(): Promise<void>;
  close(): Promise<void>;
  /** Does a case with a stage of its own, and clears that. */
  during(work: (stage: Stage) => unknown): Promise<void>;
}

export interface SideBySideOptions<Stage> {
  shared: Shared<Stage>;
  /** What this host does not have and all of them need; they are skipped by that name. Null: nothing. */
  lacks: string | null;
  /** How many cases go on at a time: they mostly wait. */
  parallel: number;
  /** Milliseconds that one may take. */
  timeout: number;
}

/** Cases on a real engine, several at a time, each with a stage of its own. */
export function sideBySide<Stage>(
  title: string,
  { shared, lacks: needed, parallel, timeout }: SideBySideOptions<Stage>,
  body: (it: AddCase<Stage>) => void,
): void {
  const name = needed === null ? title : `${title} (needs ${needed})`;
  describe(name, function () {
    this.timeout(timeout);
    const cases: { name: string; run(): Promise<void> }[] = [];
    let lanes = new Lanes(parallel, []);
    before(async function () {
      if (needed !== null) {
        this.skip();
      }
      const chosen = cases.filter((one) => isChosen(`${name} ${one.name}`));
      lanes = new Lanes(parallel, chosen);
      await shared.open();
    });
    after(async () => {
      await lanes.settled();
      await shared.close();
    });
    body((caseName, work, { lacks = null } = {}) => {
      if (lacks !== null) {
        it.skip(`${caseName} (needs ${lacks})`);
        return;
      }
      const one = { name: caseName, run: () => shared.during(work) };
      cases.push(one);
      it(caseName, () => lanes.result(one));
    });
  });
}
