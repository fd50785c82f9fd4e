import { once } from "node:events";
import { expect } from "chai";
import WebSocket from "ws";
import { OperationFailure } from "../../../src/errors.js";
import { Recorder, until } from "../bench.js";
import { Rig } from "../conformance/rig.js";
import type { Stage } from "../conformance/stage.js";
import { processRow } from "./row.js";

describe("a scaling of processes", () => {
  const rig = new Rig(processRow);
  before(() => rig.open());
  after(() => rig.close());

  it("that is cancelled while replicas drain gives them back, and cuts nothing off", () =>
    rig.during(cancelWhileDraining));

  async function cancelWhileDraining({ app, ref, about, deploy, ...stage }: Stage): Promise<void> {
    const { bench } = rig;
    const target = await deploy(stage.target(ref(), app(), { commit: rig.first, replicas: 2 }));
    const url = (await bench.url(target.ref)).replace("http", "ws");
    const instance = async () => (await about(target.ref)).instance;
    // One at each replica: an open socket is in flight, and what it has got says that it is there.
    const sockets = [new WebSocket(url), new WebSocket(url)];
    await Promise.all(sockets.map((socket) => once(socket, "message")));
    const report = new Recorder();
    const scaling = bench.driver.scale({ ...target, replicas: 1 }, 2, report);
    await until("the second replica gets no more requests", async () => {
      const answered = [await instance(), await instance(), await instance()];
      return answered.every((one) => one === "1");
    });
    report.abort(new OperationFailure("CANCELLED_BY_USER", "Somebody cancelled it."));
    expect((await scaling).verdict).to.equal("CANCELLED");
    expect(report.summary()).to.deep.equal(["TERMINATE_OLD FAILED"]);
    const { tasks } = await bench.driver.inspect(target.ref);
    expect(tasks.map((task) => [task.instance, task.state])).to.deep.equal([
      [1, "RUNNING"],
      [2, "RUNNING"],
    ]);
    await until("the second replica gets requests", async () => (await instance()) === "2");
    for (const socket of sockets) {
      const answer = once(socket, "message");
      socket.send("still there?");
      expect(String((await answer)[0])).to.equal("still there?");
      socket.terminate();
    }
    await fetch(`http://${tasks[1]!.address}/exit?code=9`);
    await until("it is looked after again", async () => {
      const observed = await bench.driver.inspect(target.ref);
      return (
        observed.tasks.find((task) => task.instance === 2)?.restarts === 1 && observed.state === "RUNNING"
      );
    });
  }
});
