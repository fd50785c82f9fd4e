import { expect } from "chai";
import type { Pod } from "../../../src/drivers/kubernetes/api-types.js";
import { NodeEndings } from "../../../src/drivers/kubernetes/node-endings.js";
import { ended, podOf } from "./pod-fixture.js";

const message = "Pod ephemeral local storage usage exceeds the total limit of containers 10Mi. ";
const evictedAs = ({ metadata }: Pod, reason = "Evicted", going = false): Pod =>
  podOf("opn", {
    app: { state: ended(137) },
    going,
    metadata: { uid: metadata.uid },
    status: { phase: "Failed", reason, message },
  });

describe("how often nodes have ended pods of an operation", () => {
  const [one, two, three, four] = [podOf("opn"), podOf("opn"), podOf("opn"), podOf("opn")];

  it("is a trouble the third time, in the kubelet's words", () => {
    for (const reason of ["Evicted", "OutOfcpu", "UnexpectedAdmissionError"]) {
      const endings = new NodeEndings();
      const [a, b, c] = [one, two, three].map((pod) => evictedAs(pod, reason));
      expect(endings.look([one], 0)).to.equal(null);
      expect(endings.look([a!, two], 20_000)).to.equal(null);
      expect(endings.look([a!, b!, three], 40_000)).to.equal(null);
      expect(endings.look([a!, b!, three], 50_000)).to.equal(null);
      const trouble = endings.look([a!, b!, c!, four], 60_000)!;
      expect(trouble).to.include({ pod: c, code: "ENGINE_REFUSED" });
      expect(trouble.what).to.equal(`was ended by its node: ${reason} ${message.slice(0, -2)}`);
      expect(endings.look([a!, b!, c!, four], 70_000), "a trouble is told once").to.equal(null);
      expect(endings.last).to.equal(trouble);
    }
  });

  it("counts those once that were there together, e.g. on a node that was shut down", () => {
    const endings = new NodeEndings();
    const gone = [one, two, three].map((pod) => evictedAs(pod, "Terminated"));
    endings.look([one, two, three], 0);
    expect(endings.look([gone[0]!, two, three, four], 1_000)).to.equal(null);
    expect(endings.look([gone[0]!, gone[1]!, three, four], 20_000)).to.equal(null);
    expect(endings.look([...gone, four], 40_000)).to.equal(null);
  });

  it("counts those that the cluster takes away at once, too", () => {
    const endings = new NodeEndings();
    endings.look([evictedAs(one, "Evicted", true)], 0);
    endings.look([evictedAs(two, "Evicted", true)], 20_000);
    expect(endings.look([evictedAs(three, "Evicted", true)], 40_000)).not.to.equal(null);
  });

  it("lets a kubelet that was just started reject several in a row", () => {
    const endings = new NodeEndings();
    const pods = Array.from({ length: 20 }, () => evictedAs(podOf("opn"), "OutOfpods"));
    const looks = pods.map((_, index) => endings.look(pods.slice(0, index + 1), index * 400));
    expect(looks.every((trouble) => trouble === null)).to.equal(true);
    expect(endings.look([...pods, evictedAs(one, "OutOfpods")], 10_000)).not.to.equal(null);
  });

  it("does not count what was told to go and ended as it did", () => {
    const endings = new NodeEndings();
    const asked = () => podOf("opn", { going: true, status: { phase: "Failed" } });
    expect([0, 20_000, 40_000, 60_000].map((now) => endings.look([asked()], now))).to.deep.equal([
      null,
      null,
      null,
      null,
    ]);
    expect(endings.last).to.equal(null);
  });
});
