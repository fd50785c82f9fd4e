import { expect } from "chai";
import { eventually } from "../support/eventually.js";
import { expectCapacityKept, expectNothingLost } from "./checks.js";
import type { Lane, OperationRow } from "./lane.js";
import { plain } from "./points.js";
import type { Expected, Scenario } from "./scenarios.js";

/** Runs scenarios, undisturbed and killed at a point, and remembers which points there were. */
export class Matrix {
  /** Every point that some run has passed, and those at which a server was killed. */
  readonly passed = new Set<string>();
  readonly tried = new Set<string>();
  private runs = 0;

  constructor(readonly lane: Lane) {}

  /** One run without a kill: its points, in their order. */
  async record(scenario: Scenario): Promise<string[]> {
    const expected = await this.prepare(scenario);
    this.remember();
    const row = await this.lane.ended(await scenario.ask(this.lane, this.nextKey()));
    await this.expectKept(row!, expected);
    return this.remember();
  }

  /** The same run, killed at a point and gone on with by another server. */
  async kill(scenario: Scenario, point: string): Promise<void> {
    const { lane } = this;
    const expected = await this.prepare(scenario);
    const key = this.nextKey();
    lane.points.arm(point);
    const asked = await scenario.ask(lane, key).catch(() => null);
    if (asked !== null) {
      await lane.ended(asked).catch(() => null);
    }
    await eventually(() => lane.dead, { deadline: 10_000, what: `the server dies at ${point}` });
    this.tried.add(point);
    await lane.start();
    const row = await this.goneOnWith(scenario, key);
    await this.expectKept(row!, expected);
    this.remember();
  }

  /**
   * The same run, killed when `moment` has come, wherever that is.
   * @returns how often the operation was claimed
   */
  async killAfter(scenario: Scenario, moment: () => Promise<unknown>): Promise<number> {
    const { lane } = this;
    const expected = await this.prepare(scenario);
    const key = this.nextKey();
    const asked = scenario.ask(lane, key).catch(() => null);
    await moment();
    await lane.server.end("SIGKILL");
    await asked;
    await lane.start();
    const row = await this.goneOnWith(scenario, key);
    await this.expectKept(row!, expected);
    return Number(row!.fence);
  }

  /** Kills at each of these points in turn; says what was lost at which. */
  async killAtEach(scenario: Scenario, points: readonly string[]): Promise<string[]> {
    const failures: string[] = [];
    for (const point of points) {
      await this.kill(scenario, point).catch((error) => failures.push(`${point}: ${error.message}`));
      if (this.lane.dead) {
        await this.lane.start();
      }
      this.lane.points.disarm();
    }
    return failures;
  }

  /** Does something to the server that it dies of at a point, and starts another one. */
  async dieOf(point: string, harm: () => Promise<unknown>): Promise<void> {
    this.lane.points.arm(point);
    await harm();
    expect(this.lane.points.disarm(), `it came to ${point}`).to.equal(false);
    this.tried.add(point);
    await this.lane.start();
  }

  nextKey(): string {
    return `run-${++this.runs}`;
  }

  remember(): string[] {
    const points = this.lane.points.takePassed();
    for (const point of points) {
      this.passed.add(point).add(plain(point));
    }
    return points;
  }

  /** Of a run's points those at which no server was killed yet, and all after an undoing began: that is another story. */
  untried(passed: readonly string[]): string[] {
    const begun = passed.findIndex((point) => point.startsWith("journal.undo"));
    return passed.filter((point, index) => (begun !== -1 && index > begun) || !this.tried.has(point));
  }

  /** As `tried` says it, or told apart by less. */
  wasTried(point: string): boolean {
    return [...this.tried].some((one) => one === point || plain(one) === point);
  }

  /** How it ended with the next server; the database may hold for a moment what the killed one was at. */
  private async goneOnWith(scenario: Scenario, key: string): Promise<OperationRow | null> {
    return this.lane.ended(await eventually(() => scenario.ask(this.lane, key), { deadline: 30_000 }));
  }

  private least = 0;

  private async prepare(scenario: Scenario): Promise<Expected> {
    const expected = await scenario.prepare(this.lane);
    const { platform } = this.lane;
    await platform?.mark();
    this.least = Math.min((await platform?.ready()) ?? 0, expected.replicas);
    return expected;
  }

  private async expectKept(row: OperationRow, expected: Expected): Promise<void> {
    await expectNothingLost(this.lane, row, expected);
    if (this.lane.platform && expected.answers !== null) {
      await expectCapacityKept(this.lane, row, this.least);
    }
  }
}
