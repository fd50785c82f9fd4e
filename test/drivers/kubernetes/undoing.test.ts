import { expect } from "chai";
import type { Workload } from "../../../src/drivers/kubernetes/api-types.js";
import type { SpecFields } from "../bench.js";
import { Recorder } from "../bench.js";
import { refusal } from "./scripted-api.js";
import { ScriptedService } from "./scripted-service.js";

const path = "/apis/apps/v1/namespaces/shop/deployments/orders";
const tooLong = "Starting an instance took longer than 1 s: allow more time in rollout.deadline.";
const forbidden = refusal(403, "Forbidden", 'deployments "orders" is forbidden');
const webhook = refusal(500, "InternalError", 'failed calling webhook "policy"');

/** Nothing of the new one ever comes. */
describe("a rebuild on a cluster that has to be undone", () => {
  let service: ScriptedService;
  afterEach(() => service.close());

  async function begun(fields: SpecFields = {}) {
    service = await ScriptedService.open({ rollout: { monitor: 0, deadline: 1 }, ...fields });
  }
  async function undone() {
    const { verdict, cause } = await service.driver.replace(null, service.target, new Recorder());
    return { verdict, ...cause };
  }
  const patches = () => service.api.queriesOf(`PATCH ${path}`).length;

  for (const [what, refused] of Object.entries({ "a missing right": forbidden, "a webhook": webhook })) {
    it(`asks again what was refused for ${what}`, async () => {
      await begun();
      service.deploy({});
      service.putPod("one");
      service.putPod("two");
      service.api.next(`PATCH ${path}`, refused);
      expect(await undone()).to.include({ verdict: "FAILED", code: "DEADLINE_EXCEEDED", message: tooLong });
      expect(patches()).to.equal(2);
    });

    it(`says that it is not, and why it was to be, when ${what} refuses it for long`, async () => {
      await begun();
      service.deploy({});
      service.putPod("one");
      service.putPod("two", { going: true });
      service.api.next(`PATCH ${path}`, ...Array(9).fill(refused));
      const { verdict, code, message } = await undone();
      expect([verdict, code]).to.deep.equal(["ROLLED_BACK", "ENGINE_REFUSED"]);
      expect(message).to.match(/^It could not be undone, and what it began may go on: .*(forbidden|webhook)/);
      expect(message).to.include(`It was to be undone: ${tooLong}`);
      expect(patches()).to.be.greaterThan(1);
    });
  }

  it("tells what was refused to it before, and is undone all the same", async () => {
    await begun();
    service.deploy({});
    service.putPod("one");
    service.putPod("two");
    service.api.next(`GET ${path}`, forbidden);
    const { verdict, code, message } = await undone();
    expect([verdict, code, patches()]).to.deep.equal(["FAILED", "ENGINE_REFUSED", 1]);
    expect(message).to.match(/^The cluster does not allow this to the connection's user: .*forbidden/);
  });

  it("asks again what was refused when a scaling is undone, and else says that it is not", async () => {
    await begun();
    for (const [times, expected] of [
      [1, /^Starting an instance took longer/],
      [9, /^It could not be undone.*It was to be undone: Starting an instance/],
    ] as const) {
      service.deploy({});
      service.putPod("one");
      service.putPod("two");
      service.api.changed = () => {
        service.api.changed = () => {};
        service.api.next(`PATCH ${path}`, ...Array(times).fill(forbidden));
      };
      const { cause } = await service.driver.scale(
        { ...service.target, replicas: 3 },
        service.target.replicas,
        new Recorder(),
      );
      expect(cause!.message).to.match(expected);
    }
  });

  it("says that what was put back does not stand", async () => {
    await begun();
    service.deploy({});
    service.putPod("one");
    const { verdict, code, message } = await undone();
    expect([verdict, code]).to.deep.equal(["FAILED", "DEADLINE_EXCEEDED"]);
    const lacks = "What ran before was put back, but after 1 s 1 of 2 of its pods are ready";
    expect(message).to.equal(`${tooLong} ${lacks}: look at them on the cluster.`);
  });

  it("counts the pods of a DaemonSet on all nodes", async () => {
    await begun({ mode: "GLOBAL" });
    service.deploy({}, { observedGeneration: 9, desiredNumberScheduled: 3 });
    service.putPod("one");
    expect((await undone()).message).to.match(/put back, but after 1 s 1 of 3 of its pods are ready/);
  });

  it("pauses again what had been paused, once it stands", async () => {
    await begun();
    service.deploy({ paused: true });
    service.putPod("one");
    service.putPod("two");
    const paused: unknown[] = [];
    service.api.changed = (object) => paused.push((object as Workload).spec.paused ?? false);
    expect((await undone()).message).to.equal(tooLong);
    expect(paused).to.deep.equal([false, true]);
  });

  it("says that what had been paused is not any more when it does not stand", async () => {
    await begun();
    service.deploy({ paused: true });
    expect((await undone()).message).to.match(/0 of 2 .* It had been paused by hand, and is not any more\.$/);
  });
});
