import { expect } from "chai";
import type { KubernetesConnection } from "../../src/domain/connection.js";
import { clusterOf, kubernetesConnection } from "../../src/domain/kubernetes-connection.js";
import { parseInput } from "../../src/domain/parse-spec.js";
import type { UserInputErrors } from "../../src/errors.js";
import { kubeconfig, server, token } from "../support/kubeconfigs.js";
import { ca, key } from "../support/pems.js";

const namespace = "shop";
const direct = { server, token, ca, namespace };
const nothing = { kubeconfig: null, context: null, inCluster: false, server: null, token: null, ca: null };

function read(given: object): KubernetesConnection {
  return parseInput(kubernetesConnection, given, ["kubernetes"]);
}

/** "field: what is wrong and what to do", of each. */
function problemsOf(given: object): string[] {
  try {
    read(given);
  } catch (error) {
    return (error as UserInputErrors).errors.map(({ message }) => message.replace(/^kubernetes\.?/, ""));
  }
  return [];
}

describe("connections to Kubernetes", () => {
  it("are by server and token, by kubeconfig or from inside the cluster", () => {
    expect(read(direct)).to.deep.equal({ ...nothing, ...direct });
    expect(read({ server: `${server}/`, token, namespace })).to.deep.equal({
      ...nothing,
      ...{ server, token, namespace },
    });
    const inCluster = { inCluster: true, namespace };
    expect(read(inCluster)).to.deep.equal({ ...nothing, ...inCluster });
    expect(read({ ...inCluster, kubeconfig: null, token: null })).to.deep.equal({ ...nothing, ...inCluster });
    const { kubeconfig: text, ...rest } = read({ kubeconfig: kubeconfig(), inCluster: null, namespace });
    expect(text).to.be.a("string");
    expect({ kubeconfig: null, ...rest }).to.deep.equal({ ...nothing, namespace });
  });

  it("show the API server, the namespace and whether it is by TLS", () => {
    const shown = (given: object) => clusterOf(read({ ...given, namespace }));
    expect(shown(direct)).to.deep.equal({ host: server, tls: true, namespace });
    expect(shown({ kubeconfig: kubeconfig() })).to.deep.equal({ host: server, tls: true, namespace });
    expect(shown({ inCluster: true })).to.deep.equal({ host: "in-cluster", tls: true, namespace });
    const proxy = "http://127.0.0.1:8001";
    expect(shown({ server: proxy, token })).to.deep.equal({ host: proxy, tls: false, namespace });
  });

  const goodServers = [
    "https://10.0.0.1:6443",
    "https://[fd00::1]:6443",
    "https://rancher.example/k8s/clusters/c-1",
    "http://localhost:8001",
    "http://127.0.0.1:8001",
    "http://[::1]:8001",
  ];
  for (const url of goodServers) {
    it(`may be at ${url}`, () => {
      expect(read({ server: url, token, namespace }).server).to.equal(url);
      const inside = read({ kubeconfig: kubeconfig({ cluster: { server: url } }), namespace });
      expect(clusterOf(inside).host).to.equal(url);
    });
  }

  const wrongServers = [
    "",
    "10.0.0.1:6443",
    "tcp://10.0.0.1:6443",
    "http://10.0.0.1:8001",
    "http://127.evil.example:8001",
    "http://localhost.example:8001",
    "http://127.0.0.1@evil.example",
    "https://user:password@host:6443",
    "https://host:99999",
    "https://host/?query",
    "https://host/#fragment",
    "https://ho st",
    "https://host\n",
    "https://",
  ];
  for (const url of wrongServers) {
    it(`are not at ${JSON.stringify(url)}`, () => {
      const problems = problemsOf({ server: url, token, namespace });
      expect(problems.join("\n")).to.match(/^server: must be the URL of an API server, [^\n]+$/);
      const inside = problemsOf({ kubeconfig: kubeconfig({ cluster: { server: url } }), namespace });
      expect(inside.join("\n")).to.match(
        /^kubeconfig: has a cluster whose server must be the URL of an API server, [^\n]+$/,
      );
    });
  }

  const text = kubeconfig();
  const unfit: [what: string, given: object, problems: string[]][] = [
    ["by nothing", { namespace }, [": must say how the cluster is reached: give a kubeconfig, or "]],
    ["by inCluster: false", { inCluster: false, namespace }, [": must say how"]],
    [
      "by two ways",
      { ...direct, kubeconfig: text },
      ["server", "token", "ca"].map(
        (field) => `${field}: is another way to the cluster than kubeconfig: give one of them.`,
      ),
    ],
    [
      "from inside and by a token",
      { inCluster: true, token, namespace },
      ["token: is another way to the cluster than inCluster: give one of them."],
    ],
    ["by a server alone", { server, namespace }, ["token: is missing: give server and token together."]],
    ["by a token alone", { token, namespace }, ["server: is missing: give server and token together."]],
    ["by a ca alone", { ca, namespace }, ["server: is missing: give server and token together."]],
    [
      "by a context alone",
      { context: "shop", namespace },
      ["kubeconfig: is missing: the context is one of a kubeconfig."],
    ],
    ["by a ca without TLS", { ...direct, server: "http://localhost:8001" }, ["ca: is for https:// only: "]],
    ["by a ca that is none", { ...direct, ca: key }, ["ca: must be one certificate or several, in PEM."]],
    ["by an empty ca", { ...direct, ca: "" }, ["ca: "]],
    ["by an empty token", { ...direct, token: "" }, ["token: must be one word"]],
    ["by a token with a line end", { ...direct, token: `${token}\n` }, ["token: must be one word"]],
    ["without a namespace", { inCluster: true }, ["namespace: "]],
    [
      "to a namespace that is no DNS label",
      { inCluster: true, namespace: "Shop" },
      ["namespace: must be a DNS"],
    ],
    ["to a long one", { inCluster: true, namespace: "x".repeat(64) }, ["namespace: may have at most 63"]],
    ...["kube-system", "kube-public", "kube-node-lease"].map((name): [string, object, string[]] => [
      `to ${name}`,
      { inCluster: true, namespace: name },
      ["namespace: must not be a namespace of Kubernetes itself"],
    ]),
  ];
  for (const [what, given, expected] of unfit) {
    it(`are not ${what}, and no message repeats any of it`, () => {
      const problems = problemsOf(given);
      expect(problems).to.have.length(expected.length);
      for (const [index, text] of expected.entries()) {
        expect(problems[index]).to.contain(text);
      }
      expect(problems.join("\n")).not.to.match(/-----|MII|eyJ|c2VjcmV0|cluster\.example/);
    });
  }
});
