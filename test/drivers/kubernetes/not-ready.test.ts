import { expect } from "chai";
import type { Pod } from "../../../src/drivers/kubernetes/api-types.js";
import { ApiRefusal } from "../../../src/drivers/kubernetes/cluster.js";
import { type Known, notLeaving, notReady, refused } from "../../../src/drivers/kubernetes/failures.js";
import { specOf } from "../bench.js";
import { ended, podOf, running } from "./pod-fixture.js";
import { source } from "./spec-arbitraries.js";
import { known, ports, tell } from "./trouble-fixture.js";

describe("why a pod was not ready in time", () => {
  const look = (pod: Pod | undefined, probe: string | null = null, facts: Partial<Known> = {}) => {
    const rollout = { deadline: 9 };
    const all = known({ spec: specOf({ ports, rollout }), ...facts });
    return notReady(pod, { number: 2, probe, lastLines: ["last"] }, all).cause;
  };
  const http = { httpGet: { path: "/health" }, tcp: null, exec: null };
  const withSource = { spec: specOf({ ports, source, rollout: { deadline: 9 } }) };

  it("is the step that took too long", () => {
    const tooLong = "took longer than 9 s: allow more time in rollout.deadline.";
    expect(look(undefined)).to.include({
      code: "DEADLINE_EXCEEDED",
      message: `Starting an instance ${tooLong}`,
    });
    expect(look(podOf("opn", { app: null })).message).to.equal(`Starting instance 2 ${tooLong}`);
    expect(look(podOf("opn", { app: null }), "FailedMount: no volume").message).to.equal(
      `Starting instance 2 (FailedMount: no volume) ${tooLong}`,
    );
    const pod = podOf("opn", { app: null, prepare: { state: running } });
    expect(look(pod, null, withSource).message).to.equal(`Fetching the source ${tooLong}`);
    const { reports } = known();
    tell(reports, pod, { step: "FETCH_SOURCE", state: "DONE" });
    expect(look(pod, null, { ...withSource, reports })).to.deep.equal({
      ...{ code: "DEADLINE_EXCEEDED", message: `Installing the dependencies ${tooLong}` },
      ...{ exitCode: null, lastLines: ["last"] },
    });
  });

  it("is an old pod that does not end, in whose place the new one comes", () => {
    const known9 = known({ spec: specOf({ ports, rollout: { deadline: 9 } }) });
    const stuck = podOf("opn_old", { going: true });
    const { name } = stuck.metadata;
    expect(notLeaving(stuck, known9).cause).to.include({
      code: "DEADLINE_EXCEEDED",
      message: `No instance was started within 9 s, for an old one has not ended: look at pod ${name}, and whether its node n1 is away.`,
    });
  });

  it("is that nothing listens", () => {
    const probe =
      'Readiness probe failed: Get "http://10.0.0.1:80/health": dial tcp 10.0.0.1:80: connect: connection refused';
    expect(look(podOf("opn"), probe)).to.include({
      code: "NOT_LISTENING",
      message:
        "Instance 2 was not ready after 9 s: it does not listen on $REBAKE_PORT (80): make the app listen on that port, on all addresses.",
    });
  });

  it("is its probe, with what that said, and how often it was restarted", () => {
    const spec = specOf({ ports, readiness: http, rollout: { deadline: 9 } });
    const status = "Readiness probe failed: HTTP probe failed with statuscode: 503";
    expect(look(podOf("opn"), status, { spec })).to.include({
      code: "PROBE_FAILED",
      message:
        "Instance 2 was not ready after 9 s: its readiness probe did not pass (GET /health answered 503).",
    });
    const restarted = podOf("opn", { app: { state: running, lastState: ended(1), restartCount: 1 } });
    expect(look(restarted, "Readiness probe failed: not yet\n").message).to.include(
      "did not pass (not yet), and it was restarted once.",
    );
    expect(look(podOf("opn")).message).to.equal(
      "Instance 2 was not ready after 9 s: its readiness probe did not pass.",
    );
  });
});

describe("why the API does not take a service", () => {
  const told = (status: number, message: string) => refused(new ApiRefusal(status, message, "")).cause;

  it("is a port that is taken, a right that is missing, or in its own words", () => {
    expect(
      told(
        422,
        'Service "orders" is invalid: spec.ports[0].nodePort: Invalid value: 30000: provided port is already allocated',
      ),
    ).to.include({ code: "PORT_TAKEN" });
    const { code, message } = told(403, 'secrets is forbidden: User "robot" cannot list resource "secrets".');
    expect(code).to.equal("ENGINE_REFUSED");
    expect(message).to.include('cannot list resource "secrets"; grant it');
    expect(told(422, "Deployment is invalid:\n  nonsense.")).to.include({
      code: "ENGINE_REFUSED",
      message: "The cluster refused the service: Deployment is invalid: nonsense.",
    });
  });
});
