import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { type ClusterConfig, readClusterConnection } from "../../src/install/cluster-keys.js";
import { base64, byToken, kubeconfig, server } from "../support/kubeconfigs.js";
import { ca } from "../support/pems.js";
import { tempFolder } from "../support/temp-folder.js";

describe("the cluster that is installed on", () => {
  const folder = tempFolder();
  const inPod = { KUBERNETES_SERVICE_HOST: "10.96.0.1" };
  const given = (fields: Partial<ClusterConfig> = {}) => ({
    ...{ kubeconfig: null, kubeContext: null, kubeNamespace: "shop" },
    ...fields,
  });
  const fileWith = async (text: string) => {
    const file = join(folder.path, "config");
    await writeFile(file, text);
    return file;
  };
  const refusal = async (fields: Partial<ClusterConfig>, env = {}) =>
    readClusterConnection(given(fields), env).then(
      () => "not refused",
      ({ code, message }) => `${code} ${message}`,
    );

  it("is the one around the server, in a pod", async () => {
    expect(await readClusterConnection(given(), inPod)).to.deep.include({
      ...{ inCluster: true, kubeconfig: null, namespace: "shop" },
    });
  });

  it("is that of a kubeconfig, of which nothing else is kept", async () => {
    const connection = await readClusterConnection(
      given({ kubeconfig: await fileWith(kubeconfig()) }),
      inPod,
    );
    expect(connection).to.deep.include({ inCluster: false, namespace: "shop" });
    expect(connection.kubeconfig).to.include(server).and.not.to.include("other-token");
  });

  it("is that of the context that is named", async () => {
    const text = kubeconfig({
      "current-context": "other",
      contexts: [
        { name: "other", context: { cluster: "other-cluster", user: "other-user" } },
        { name: "mine", context: { cluster: "shop-cluster", user: "shop-user" } },
      ],
    });
    const named = given({ kubeconfig: await fileWith(text), kubeContext: "mine" });
    expect((await readClusterConnection(named, {})).kubeconfig).to.include(server);
  });

  it("has to be said outside of pods", async () => {
    expect(await refusal({})).to.match(/^CONFIG_INVALID .*runs in no pod: set REBAKE_KUBECONFIG/);
    expect(await refusal({ kubeContext: "mine" }, inPod)).to.match(/REBAKE_KUBE_CONTEXT is mine, but/);
  });

  it("has to be one that can be used, and what is wrong is said without its keys", async () => {
    const nowhere = join(folder.path, "nowhere");
    expect(await refusal({ kubeconfig: nowhere })).to.match(/nowhere, which cannot be read \(ENOENT\)/);
    expect(await refusal({ kubeconfig: await fileWith("no: [yaml") })).to.match(
      /^CONFIG_INVALID REBAKE_KUBECONFIG is .*config, which must be the text of a kubeconfig/,
    );
    const withPath = kubeconfig({ cluster: { server, "certificate-authority": "/etc/ca.crt" } });
    expect(await refusal({ kubeconfig: await fileWith(withPath) })).to.match(/--flatten/);
    const file = await fileWith(kubeconfig());
    expect(await refusal({ kubeconfig: file, kubeContext: "gone" })).to.match(
      /REBAKE_KUBE_CONTEXT names no context of the kubeconfig/,
    );
    expect(await refusal({ kubeNamespace: "kube-system" }, inPod)).to.match(
      /REBAKE_KUBE_NAMESPACE is kube-system, which must not be a namespace of Kubernetes itself/,
    );
    const secret = "not-to-be-told";
    const wrongKey = kubeconfig({ user: { ...byToken, "client-key-data": base64(secret) }, ca });
    expect(await refusal({ kubeconfig: await fileWith(wrongKey) })).not.to.include(secret);
  });
});
