import { isChosen, Lanes } from "./conformance/lanes.js";

/** An engine that cases share, and what each does there. */
export interface EngineLab<Trial> {
  open(): Promise<void>;
  close(): Promise<void>;
  /** In an environment of its own, of which nothing is left. */
  during<T>(work: (trial: Trial) => T | Promise<T>): Promise<T>;
}

/** What one play has shown, looked at in a test of that name. */
export interface Look<Seen> {
  name: string;
  look(seen: Seen): void;
}

export interface Needs {
  /** What this host does not have and it needs. */
  lacks?: string | null;
}

export interface AddCase<Trial> {
  (name: string, run: (trial: Trial) => unknown, needs?: Needs): void;
  /** Several tests that look at what is done once. */
  together<Seen>(play: (trial: Trial) => Promise<Seen>, looks: readonly Look<Seen>[], needs?: Needs): void;
}

export interface EngineSuite<Lab> {
  newLab(): Lab;
  /** What this host does not have and all cases need. */
  lacks: string | null;
  /** Cases at a time. */
  parallel: number;
  /** Of a test, in milliseconds. */
  timeout: number;
}

/** Cases on a real engine, several at a time; skipped by name where there is none. */
export function describeOnEngine<Trial, Lab extends EngineLab<Trial>>(
  title: string,
  { newLab, lacks, parallel, timeout }: EngineSuite<Lab>,
  body: (add: AddCase<Trial>, lab: Lab) => void,
): void {
  const name = lacks === null ? title : `${title} (needs ${lacks})`;
  describe(name, function () {
    this.timeout(timeout);
    const lab = newLab();
    const works: { name: string; run(): Promise<void> }[] = [];
    const chosen = new Set<string>();
    let lanes = new Lanes(parallel, []);
    before(async function () {
      if (lacks !== null) {
        this.skip();
      }
      const ahead = works.filter((one) => chosen.has(one.name));
      lanes = new Lanes(parallel, ahead);
      await lab.open();
    });
    after(async () => {
      await lanes.settled();
      await lab.close();
    });
    const together = <Seen>(
      play: (trial: Trial) => Promise<Seen>,
      looks: readonly Look<Seen>[],
      { lacks: missing = null }: Needs = {},
    ) => {
      let seen: Seen;
      const work = {
        name: looks.map((one) => one.name).join("; "),
        run: async () => {
          seen = await lab.during(play);
        },
      };
      works.push(work);
      for (const one of looks) {
        if (missing !== null) {
          it.skip(`${one.name} (needs ${missing})`);
          continue;
        }
        if (isChosen(`${name} ${one.name}`)) {
          chosen.add(work.name);
        }
        it(one.name, async () => {
          await lanes.result(work);
          one.look(seen);
        });
      }
    };
    const add = (caseName: string, run: (trial: Trial) => unknown, needs?: Needs) =>
      together(async (trial) => void (await run(trial)), [{ name: caseName, look: () => {} }], needs);
    body(Object.assign(add, { together }), lab);
  });
}
