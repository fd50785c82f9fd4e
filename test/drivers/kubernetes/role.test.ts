import { readFileSync } from "node:fs";
import type { V1ClusterRole } from "@kubernetes/client-node";
import { expect } from "chai";
import { loadAll } from "js-yaml";
import { permissions } from "../../../src/drivers/kubernetes/health.js";
import { deployManifests, grantsOf, rulesOf } from "../../support/deploy-manifests.js";

/** What the driver says that it needs, in a namespace or in the whole cluster. */
function needed(isClusterWide: boolean): string[] {
  const wanted = permissions.filter((one) => (one.isClusterWide ?? false) === isClusterWide);
  return grantsOf(
    wanted.map(({ group, resource, verbs }) => ({
      ...{ apiGroups: [group], resources: [resource], verbs: [...verbs] },
    })),
  );
}

/** The roles that a page has in its blocks of YAML. */
function rolesOfPage(page: string): V1ClusterRole[] {
  const blocks = [...readFileSync(page, "utf8").matchAll(/^```yaml\n([\s\S]*?)^```$/gm)];
  const objects = blocks.flatMap(([, text]) => loadAll(text!)) as (V1ClusterRole | null)[];
  return objects.filter((one): one is V1ClusterRole => one?.kind === "ClusterRole");
}

describe("the role for Kubernetes", () => {
  it("is what health asks for, where Rebake runs in a cluster", () => {
    expect(grantsOf(rulesOf("rebake-environment"))).to.deep.equal(needed(false));
    expect(grantsOf(rulesOf("rebake-cluster"))).to.deep.equal(needed(true));
  });

  it("is the same in the documentation", () => {
    const [environment, cluster, ...others] = rolesOfPage("docs/kubernetes-driver.md");
    expect(others).to.deep.equal([]);
    expect(environment!.metadata!.name).to.equal("rebake-environment");
    expect(environment!.rules).to.deep.equal(rulesOf("rebake-environment"));
    expect(cluster!.metadata!.name).to.equal("rebake-cluster");
    expect(cluster!.rules).to.deep.equal(rulesOf("rebake-cluster"));
  });

  it("is bound to the account of the server, in the namespace of its environment and for what is of the cluster", () => {
    const bindings = deployManifests()
      .filter(({ kind }) => kind?.endsWith("Binding"))
      .map((one: any) => [one.kind, one.metadata.namespace, one.roleRef.name, one.subjects]);
    const account = [{ kind: "ServiceAccount", name: "rebake", namespace: "rebake-system" }];
    expect(bindings).to.deep.equal([
      ["RoleBinding", "rebake", "rebake-environment", account],
      ["ClusterRoleBinding", undefined, "rebake-cluster", account],
    ]);
  });
});
