import { randomInt } from "node:crypto";
import { expect } from "chai";
import { Recorder } from "../bench.js";
import { Load } from "../load.js";
import { onCluster } from "./lab.js";

onCluster("ports of a service on Kubernetes", (add) => {
  add("lead to the old ones and the new ones, each where it listens, while that changes", async (trial) => {
    const published = randomInt(30_100, 32_768);
    const fields = (target: number) => ({
      ports: [{ name: "http", target, published }],
      readiness: { httpGet: { port: null, path: "/health" }, period: 1 },
      rollout: { drain: 10, monitor: 2 },
    });
    const first = await trial.deploy(fields(3000), { replicas: 2 });
    const { ports } = await trial.driver.inspect(first.ref);
    const url = `http://${ports[0]!.address}`;
    const answers = () => fetch(url, { headers: { connection: "close" } }).then((answer) => answer.text());
    await trial.until("the node has opened its port", () => answers().catch(() => null));
    const running = async () =>
      (await trial.allPods(first.ref)).filter(({ status }) => status!.containerStatuses?.[0]?.state?.running);
    const load = new Load(url, ["/"], true);
    load.begin();
    const second = await trial.rebuild(first, fields(4000));
    await trial.until("only the new ones answer", async () => (await answers()) === "port 4000");
    await trial.until("the old ones have ended", async () => (await running()).length === 2);
    expect(await load.endUnfailed()).to.be.greaterThan(200);
    const seen = await trial.driver.inspect(second.ref);
    expect(seen.ports[0]).to.include({ name: "http", target: 4000, published });
    const [port] = (await trial.service(second)).spec!.ports!;
    expect(port!.targetPort).to.equal("http");
    const third = await trial.rebuild(second, fields(4000));
    expect((await trial.service(third)).spec!.ports![0]!.targetPort).to.equal(4000);
  });

  add("lead to the old one until one without any has proved itself, and then nowhere", async (trial) => {
    const first = await trial.deploy({
      ports: [{ name: "http", target: 3000 }],
      readiness: { httpGet: { port: null, path: "/health" }, period: 1 },
      rollout: { drain: 2, monitor: 2 },
    });
    const { ports } = await trial.driver.inspect(first.ref);
    const url = `http://${ports[0]!.address}`;
    await trial.until("the node leads there", () => fetch(url).catch(() => null));
    const load = new Load(url, ["/"], true);
    const answered = new Recorder(async ({ step, state }) => {
      if (step === "CUT_OVER" && state === "RUNNING") {
        expect(await load.endUnfailed()).to.be.greaterThan(0);
      }
    });
    load.begin();
    const fields = { ports: [], readiness: null, rollout: { monitor: 5 } };
    const second = trial.target(first.ref, trial.spec(fields), { image: first.image });
    const outcome = await trial.replace(first, second, answered);
    expect(outcome, outcome.cause?.message).to.have.property("verdict", "UNPROVEN");
    expect((await trial.driver.inspect(second.ref)).ports).to.deep.equal([]);
    expect(await trial.driver.drift(second)).to.deep.equal([]);
    const { items } = await trial.core.listNamespacedService({ namespace: trial.namespace });
    expect(items).to.deep.equal([]);
    const third = await trial.rebuild(second, { ports: [{ name: "http", target: 3000 }] });
    expect((await trial.driver.inspect(third.ref)).ports).to.have.length(1);
  });
});
