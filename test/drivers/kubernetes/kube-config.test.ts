import { once } from "node:events";
import { createServer } from "node:http";
import type { Agent, AgentOptions } from "node:https";
import type { AddressInfo } from "node:net";
import { VersionApi } from "@kubernetes/client-node";
import { expect } from "chai";
import { kubernetesConnection } from "../../../src/domain/kubernetes-connection.js";
import { kubeConfigOf } from "../../../src/drivers/kubernetes/kube-config.js";
import { OperationFailure } from "../../../src/errors.js";
import { byCertificate, byToken, cluster, kubeconfig, server, token } from "../../support/kubeconfigs.js";
import { ca, certificate, key } from "../../support/pems.js";

/** Of a connection as somebody gives it. */
const configOf = (given: object) => kubeConfigOf(kubernetesConnection.parse({ namespace: "shop", ...given }));

/** What the library would connect and let itself in with. */
async function asked(given: object): Promise<Record<string, unknown>> {
  const { agent, headers } = await (await configOf(given)).applyToFetchOptions({});
  const { options } = agent as Agent;
  const texts = (["ca", "cert", "key"] as const).map((name: keyof AgentOptions) => options[name]);
  const [trusted, own, secret] = texts.map((text) => (text === undefined ? null : String(text)));
  const { rejectUnauthorized = true, servername = null } = options;
  const authorization = headers ? new Headers(headers as never).get("authorization") : null;
  return { trusted, own, secret, rejectUnauthorized, servername, authorization };
}

const nothing = { trusted: null, own: null, secret: null, servername: null, authorization: null };
const verified = { ...nothing, rejectUnauthorized: true };

describe("configurations of Kubernetes' client", () => {
  it("are those of a server and token", async () => {
    expect((await configOf({ server, token })).getCurrentCluster()!.server).to.equal(server);
    const authorization = `Bearer ${token}`;
    expect(await asked({ server, token })).to.deep.equal({ ...verified, authorization });
    expect(await asked({ server, token, ca })).to.deep.equal({ ...verified, authorization, trusted: ca });
  });

  it("are those of a kubeconfig's context", async () => {
    const own = { ...cluster, "tls-server-name": "cluster.internal" };
    const text = kubeconfig({ cluster: own, user: { ...byToken, ...byCertificate } });
    for (const context of [null, "shop"]) {
      const given = { kubeconfig: text, context };
      const config = await configOf(given);
      expect(config.getCurrentContext()).to.equal("shop");
      expect(config.getCurrentCluster()!.server).to.equal(server);
      expect(await asked(given)).to.deep.equal({
        ...{ ...verified, trusted: ca, own: certificate, secret: key },
        ...{ servername: "cluster.internal", authorization: `Bearer ${token}` },
      });
    }
  });

  it("speak plain HTTP to a proxy on loopback", async () => {
    const seen: (string | undefined)[] = [];
    const proxy = createServer((request, response) => {
      seen.push(request.headers.authorization);
      response.setHeader("content-type", "application/json").end('{"gitVersion":"v1.30.0"}');
    });
    await once(proxy.listen(0, "127.0.0.1"), "listening");
    const url = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
    try {
      for (const given of [
        { server: url, token },
        { kubeconfig: kubeconfig({ cluster: { server: url } }) },
      ]) {
        const { gitVersion } = await (await configOf(given)).makeApiClient(VersionApi).getCode();
        expect(gitVersion).to.equal("v1.30.0");
      }
    } finally {
      proxy.closeAllConnections();
      await once(proxy.close(), "close");
    }
    expect(seen).to.deep.equal(Array(2).fill(`Bearer ${token}`));
  });

  describe("from inside the cluster", () => {
    const names = ["KUBERNETES_SERVICE_HOST", "KUBERNETES_SERVICE_PORT"] as const;
    const before = names.map((name) => process.env[name]);
    const setTo = (values: readonly (string | undefined)[]) => {
      for (const [index, name] of names.entries()) {
        if (values[index] === undefined) {
          delete process.env[name];
        } else {
          process.env[name] = values[index];
        }
      }
    };
    afterEach(() => setTo(before));

    it("are those of the pod's service account", async () => {
      setTo(["10.96.0.1", "443"]);
      const config = await configOf({ inCluster: true });
      expect(config.getCurrentCluster()).to.include({
        server: "https://10.96.0.1:443",
        skipTLSVerify: false,
      });
      expect(config.getCurrentUser()!.authProvider).to.deep.include({ name: "tokenFile" });
    });

    it("are refused when the server runs in no pod", async () => {
      setTo([undefined, undefined]);
      const refused = (await configOf({ inCluster: true }).catch((error) => error)) as OperationFailure;
      expect(refused).to.be.instanceOf(OperationFailure);
      expect(refused.cause.code).to.equal("ENGINE_UNREACHABLE");
      expect(refused.message).to.match(/it runs in no pod: give a kubeconfig/);
    });
  });
});
