import { generateKeyPairSync } from "node:crypto";
import { expect } from "chai";
import { load } from "js-yaml";
import { minifiedKubeconfig, serverOf } from "../../src/domain/kubeconfig.js";
import {
  base64,
  byCertificate,
  byToken,
  cluster,
  kubeconfig,
  type Part,
  server,
  token,
} from "../support/kubeconfigs.js";
import { ca, certificate, key, lockedKey } from "../support/pems.js";

/** What is kept of a kubeconfig. */
function kept(text: string, context: string | null = null) {
  const read = minifiedKubeconfig(text, context);
  return "kubeconfig" in read ? JSON.parse(read.kubeconfig) : read;
}

/** "field: what is wrong", of each. */
function problemsOf(text: string, context: string | null = null): string[] {
  const read = minifiedKubeconfig(text, context);
  return "problems" in read ? read.problems.map(([field, message]) => `${field}: ${message}`) : [];
}

type Given = [kubeconfig: string, context?: string];

describe("kubeconfigs", () => {
  it("keep of a kubeconfig what its context needs, and no keys of other clusters", () => {
    const text = kubeconfig({ user: { ...byToken, ...byCertificate } });
    expect(kept(text)).to.deep.equal({
      apiVersion: "v1",
      kind: "Config",
      clusters: [{ name: "cluster", cluster }],
      users: [{ name: "user", user: { ...byToken, ...byCertificate } }],
      contexts: [{ name: "shop", context: { cluster: "cluster", user: "user" } }],
      "current-context": "shop",
    });
    expect(serverOf(JSON.stringify(kept(text)))).to.equal(server);
    expect(kept(text, "shop")).to.deep.equal(kept(text));
    expect(JSON.stringify(kept(text))).not.to.contain("other");
  });

  it("take a context that is not the current one, and JSON", () => {
    const { "current-context": _, ...rest } = load(kubeconfig()) as Part;
    for (const current of ["other", "nobody", "", null]) {
      const text = JSON.stringify({ ...rest, "current-context": current });
      expect(kept(text, "shop")["current-context"], String(current)).to.equal("shop");
    }
    expect(kept(JSON.stringify(rest), "shop")["current-context"]).to.equal("shop");
  });

  it("open no file that a kubeconfig names, also not of a user that is not asked for", () => {
    const users = [
      { name: "other-user", user: { "token-file": "/nowhere/token" } },
      { name: "shop-user", user: byToken },
    ];
    expect(kept(kubeconfig({ users })).users).to.deep.equal([{ name: "user", user: byToken }]);
  });

  it("take what programs leave empty, and base64 in lines", () => {
    const folded = base64(ca).replaceAll(/(.{64})/g, "$1\n");
    const own = {
      ...{ server, "certificate-authority-data": folded, "insecure-skip-tls-verify": false },
      ...{ "certificate-authority": "", "proxy-url": null, "tls-server-name": "cluster.internal" },
      ...{ "disable-compression": true, extensions: [{ name: "minikube", extension: { version: "1" } }] },
    };
    const text = kubeconfig({ cluster: own, user: { ...byToken, exec: null, username: "" } });
    expect(kept(text).clusters[0].cluster).to.deep.equal({
      ...cluster,
      "tls-server-name": "cluster.internal",
    });
    expect(kept(text).users[0].user).to.deep.equal(byToken);
  });

  it("trust what Node.js trusts when no ca is given", () => {
    const text = kubeconfig({ cluster: { server } });
    expect(kept(text).clusters[0].cluster).to.deep.equal({ server });
  });

  const text = kubeconfig();
  const other = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
  const otherKey = other.export({ type: "pkcs8", format: "pem" }) as string;
  const of = (parts: Part): Given => [kubeconfig(parts)];
  const ofCluster = (part: Part) => of({ cluster: { ...cluster, ...part } });
  const ofUser = (part: Part) => of({ user: { ...byToken, ...part } });
  const ofKeys = (part: Part) => of({ user: { ...byCertificate, ...part } });
  const embed = "embed it, as `kubectl config view --raw --minify --flatten` does";
  const account = "give the token of a service account instead, see `kubectl create token --help`";

  const unfit: [what: string, given: Given, problems: string[]][] = [
    ["by an empty kubeconfig", [""], ["kubeconfig: must be the text of a kubeconfig, "]],
    ["by a path", ["~/.kube/config"], ["kubeconfig: must be the text of a "]],
    [
      "by lists that are none",
      of({ users: "shop-user" }),
      ["kubeconfig: must be the text of a kubeconfig, "],
    ],
    [
      "by what is no YAML",
      [`${text}\n  token: "${token}\n`],
      [
        "kubeconfig: must be the text of a kubeconfig, as `kubectl config view --raw --minify --flatten` prints it; line 35 is no valid YAML",
      ],
    ],
    ["by what is nested deeply", ["[".repeat(100_000)], ["kubeconfig: must be the text"]],
    ["by a type of somebody's own", [`!!js/function ${token}`], ["kubeconfig: must"]],
    [
      "by no current context",
      of({ "current-context": "" }),
      ["context: is needed for a kubeconfig without a current-context: name one of its contexts"],
    ],
    [
      "by a current context that is not there",
      of({ "current-context": "gone" }),
      ["kubeconfig: has no context of the name that its current-context says"],
    ],
    [
      "by another context that is not there",
      [text, token],
      ["context: names no context of the kubeconfig: see `kubectl config get-contexts`"],
    ],
    [
      "by one of two contexts",
      of({
        contexts: Array(2).fill({ name: "shop", context: { cluster: "shop-cluster", user: "shop-user" } }),
      }),
      ["kubeconfig: has more than one context of the name that its current-context says"],
    ],
    [
      "by a context without a user",
      of({ contexts: [{ name: "shop", context: { cluster: "shop-cluster" } }] }),
      ["kubeconfig: has a context that does not name its cluster and its user"],
    ],
    ["by no cluster", of({ clusters: [] }), ["kubeconfig: has no cluster of the name that its context says"]],
    ["by no user", of({ users: null }), ["kubeconfig: has no user of the name that its context says"]],
    [
      "by another cluster's files and programs",
      [text, "other"],
      [
        "kubeconfig: has a cluster whose certificate-authority names a file",
        "kubeconfig: has a user whose exec ",
      ],
    ],

    [
      "by files",
      of({
        cluster: { server, "certificate-authority": "/ca" },
        user: {
          "client-certificate": "/cert",
          "client-key": "/key",
          tokenFile: "/token",
          "token-file": "/token",
        },
      }),
      [
        "cluster whose certificate-authority",
        "user whose client-certificate",
        "user whose client-key",
        "user whose tokenFile",
        "user whose token-file",
      ].map((field) => `kubeconfig: has a ${field} names a file, which the server does not read: ${embed}`),
    ],
    [
      "by programs",
      ofUser({ exec: { command: "aws" }, "auth-provider": { name: "gcp" } }),
      ["exec", "auth-provider"].map(
        (field) =>
          `kubeconfig: has a user whose ${field} would have the server run a program or ask somebody else for a token: ${account}`,
      ),
    ],
    [
      "by a password",
      ofUser({ username: "shop", password: token }),
      ["username", "password"].map(
        (field) => `kubeconfig: has a user whose ${field} is not taken by API servers any more: ${account}`,
      ),
    ],
    ...["as", "as-uid", "as-groups", "as-user-extra"].map((field): [string, Given, string[]] => [
      `by somebody else's name (${field})`,
      ofUser({ [field]: ["admin"] }),
      [`kubeconfig: has a user whose ${field} would act for somebody else: ${account}`],
    ]),
    [
      "by a cluster that is not verified",
      ofCluster({ "insecure-skip-tls-verify": true }),
      [
        "whose insecure-skip-tls-verify would let anybody pretend to be the cluster: give its certificate-authority-data",
      ],
    ],
    [
      "by a proxy",
      ofCluster({ "proxy-url": "http://a:b@proxy" }),
      ["kubeconfig: has a cluster whose proxy-url is not supported: "],
    ],
    [
      "by a ca that is no base64",
      ofCluster({ "certificate-authority-data": ca }),
      [
        "kubeconfig: has a cluster whose certificate-authority-data must be one certificate or several, in PEM, in base64",
      ],
    ],
    [
      "by a ca that is a key",
      ofCluster({ "certificate-authority-data": base64(key) }),
      ["authority-data must be"],
    ],
    ["by a ca that is no text", ofCluster({ "certificate-authority-data": 7 }), ["authority-data must be"]],
    [
      "by a ca without TLS, inside",
      ofCluster({ server: "http://localhost" }),
      ["authority-data is for https:// only"],
    ],
    [
      "by a name that is none",
      ofCluster({ "tls-server-name": "a b" }),
      ["tls-server-name must be a host name"],
    ],
    ["by no server", of({ cluster: {} }), ["kubeconfig: has a cluster whose server must be the URL"]],
    [
      "by a cluster that is none",
      of({ clusters: [{ name: "shop-cluster" }] }),
      ["whose server must be the URL"],
    ],
    ["by no credentials", of({ user: {} }), [`kubeconfig: has a user that has no credentials: ${account}`]],
    ["by a user that is none", of({ users: [{ name: "shop-user" }] }), ["user that has no credentials"]],
    ["by a token that is a number", ofUser({ token: 12_345 }), ["user whose token must be text, in quotes"]],
    ["by a token of two words", ofUser({ token: `a ${token}` }), ["user whose token must be one word"]],
    [
      "by a certificate alone",
      of({ user: { "client-certificate-data": base64(certificate) } }),
      ["client-key-data is missing: it belongs to"],
    ],
    [
      "by a key alone",
      ofUser({ "client-key-data": base64(key) }),
      ["client-certificate-data is missing: it belongs to"],
    ],
    [
      "by a certificate that is a key",
      ofKeys({ "client-certificate-data": base64(key) }),
      ["must be a certificate"],
    ],
    ["by a key that is a certificate", ofKeys({ "client-key-data": base64(ca) }), ["must be a private key"]],
    [
      "by a key under a passphrase",
      ofKeys({ "client-key-data": base64(lockedKey) }),
      ["client-key-data must be a private key in PEM, without a passphrase, in base64"],
    ],
    [
      "by a key of another certificate",
      ofKeys({ "client-key-data": base64(otherKey) }),
      ["client-key-data does not belong to the client-certificate-data"],
    ],
  ];
  for (const [what, given, expected] of unfit) {
    it(`are not ${what}, and no message repeats any of it`, () => {
      const problems = problemsOf(...given);
      expect(problems).to.have.length(expected.length);
      for (const [index, text] of expected.entries()) {
        expect(problems[index]).to.contain(text);
      }
      expect(problems.join("\n")).not.to.match(
        /-----|MII|MHc|LS0t|eyJ|c2VjcmV0|cluster\.example|proxy@|shop-|other-/,
      );
    });
  }
});
