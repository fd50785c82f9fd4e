import { expect } from "chai";
import { Lease } from "../../src/operations/lease.js";

describe("lease", () => {
  const granted = { monotonic: 1_000, wall: 50_000 };
  const at = (monotonic: number, wall: number) => ({ monotonic: 1_000 + monotonic, wall: 50_000 + wall });

  it("holds for two thirds of its time, so that what was begun can end within it", () => {
    const lease = new Lease(9, granted);
    expect(lease.holds(at(5_999, 5_999))).to.equal(true);
    expect(lease.holds(at(6_000, 6_000))).to.equal(false);
  });

  it("does not hold after a sleep that only one of the clocks has seen", () => {
    const lease = new Lease(9, granted);
    expect(lease.holds(at(10, 3_600_000))).to.equal(false);
    expect(lease.holds(at(3_600_000, 10))).to.equal(false);
  });

  it("is not prolonged by a clock that is set back", () => {
    expect(new Lease(9, granted).holds(at(6_000, -3_600_000))).to.equal(false);
  });

  it("counts from before it was asked for", () => {
    const lease = new Lease(9, granted);
    lease.prolonged(at(5_000, 5_000));
    expect(lease.holds(at(10_999, 10_999))).to.equal(true);
    expect(lease.holds(at(11_000, 11_000))).to.equal(false);
  });
});
