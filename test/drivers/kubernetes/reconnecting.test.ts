import { expect } from "chai";
import { LeaseLost, OperationFailure, RequestError } from "../../../src/errors.js";
import type { Outcome } from "../../../src/operations/driver.js";
import { eventually } from "../../support/eventually.js";
import { Recorder } from "../bench.js";
import { answer } from "./scripted-api.js";
import { ScriptedService } from "./scripted-service.js";

describe("an environment whose connection is changed", () => {
  let service: ScriptedService;

  beforeEach(async () => {
    service = await ScriptedService.open();
    service.deploy({});
    service.putPod("one");
    service.putPod("two");
  });
  afterEach(() => service.close());

  const asWhom = () => new Set(service.api.asked.map(({ authorization }) => authorization));
  const asked = (what: string) => eventually(() => service.api.queriesOf(what).length > 0);
  /** Somebody changes the connection; the driver comes to know. */
  async function changed(): Promise<void> {
    service.token = "new";
    await service.driver.restore();
  }
  async function expectLeft(work: Promise<Outcome>): Promise<void> {
    const ended: unknown = await work.catch((error: unknown) => error);
    expect(ended, JSON.stringify(ended)).to.be.instanceOf(LeaseLost);
    service.api.asked.length = 0;
  }

  it("has a removal left to the next claim, which goes on with the new one", async () => {
    const removing = service.driver.remove(service.ref, new Recorder());
    await asked("GET /apis/apps/v1/namespaces/shop/daemonsets/orders");
    await changed();
    await expectLeft(removing);
    const again = service.driver.remove(service.ref, new Recorder());
    await asked("GET /apis/apps/v1/namespaces/shop/deployments/orders");
    service.api.remove("pods", "one");
    service.api.remove("pods", "two");
    expect(await again).to.deep.equal({ verdict: "SUCCEEDED", cause: null });
    expect([...asWhom()]).to.deep.equal(["Bearer new"]);
  });

  it("has a scaling left to the next claim, which goes on with the new one", async () => {
    const scaling = service.driver.scale(
      { ...service.target, replicas: 1 },
      service.target.replicas,
      new Recorder(),
    );
    await asked("PATCH /apis/apps/v1/namespaces/shop/deployments/orders");
    await changed();
    await expectLeft(scaling);
    const again = service.driver.scale(
      { ...service.target, replicas: 1 },
      service.target.replicas,
      new Recorder(),
    );
    await asked("list horizontalpodautoscalers");
    service.api.remove("pods", "two");
    expect((await again).verdict).to.equal("UNPROVEN");
    expect([...asWhom()]).to.deep.equal(["Bearer new"]);
    expect(service.api.queriesOf("PATCH /apis/apps/v1/namespaces/shop/deployments/orders")).to.deep.equal([]);
  });

  it("has a rebuild left to the next claim, and nothing is undone", async () => {
    const rebuilding = service.driver.replace(null, service.target, new Recorder());
    await asked("GET /apis/apps/v1/namespaces/shop/deployments/orders");
    await changed();
    await expectLeft(rebuilding);
    expect(service.api.queriesOf("PATCH")).to.deep.equal([]);
  });

  it("has also the end of what was cancelled left to the next claim", async () => {
    service.api.remove("pods", "two");
    const report = new Recorder();
    const rebuilding = service.driver.replace(null, service.target, report);
    await asked("GET /apis/apps/v1/namespaces/shop/deployments/orders");
    report.abort(new OperationFailure("CANCELLED_BY_USER", "Cancelled by somebody."));
    await asked("PATCH /apis/apps/v1/namespaces/shop/deployments/orders");
    await changed();
    await expectLeft(rebuilding);
  });

  it("has who follows what a service prints told to do so anew", async () => {
    const log = (pod: string) => `GET /api/v1/namespaces/shop/pods/${pod}/log`;
    for (const pod of ["one", "two"]) {
      service.api.next(log(pod), answer(200));
    }
    const { signal } = new AbortController();
    const lines = service.driver.logs(service.ref, { tail: 0, follow: true, signal })[Symbol.asyncIterator]();
    const next = lines.next().catch((error: unknown) => error);
    await eventually(() => service.api.queriesOf(log("one")).length > 1);
    await changed();
    const ended = await next;
    expect(ended).to.be.instanceOf(RequestError).with.property("code", "UNAVAILABLE");
    expect((ended as Error).message).to.match(/connection was changed/);
  });
});
