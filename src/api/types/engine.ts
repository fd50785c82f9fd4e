import { Field, InputType, ObjectType } from "type-graphql";

@ObjectType("Engine", {
  description: "How the engine of an environment is reached. Its keys are never shown.",
  simpleResolvers: true,
})
export class EngineType {
  @Field({
    description:
      "`unix:///path` or `tcp://host:port`; for KUBERNETES the URL of the API server, or `in-cluster`.",
  })
  host!: string;

  @Field({
    description:
      "Whether it is by TLS, by which both sides prove who they are; for KUBERNETES Rebake may do so by a token.",
  })
  tls!: boolean;

  @Field(() => String, {
    nullable: true,
    description: "For KUBERNETES: the namespace of the cluster that is the environment's; otherwise null.",
  })
  namespace?: string | null;
}

@InputType({
  description: "How a Docker Swarm is reached: by one of its managers. It is given as a whole.",
})
export class SwarmConnectionInput {
  @Field({
    description: "`unix:///path` of the Docker socket, on every server's own host, or `tcp://host:port`.",
  })
  host!: string;

  @Field(() => String, {
    nullable: true,
    description:
      "For `tcp://` with TLS, together with the next two: the certificates to know the engine by, in PEM. Stored encrypted, never shown again.",
  })
  ca?: string | null;

  @Field(() => String, {
    nullable: true,
    description: "The certificate to be known by, in PEM. Stored encrypted, never shown again.",
  })
  certificate?: string | null;

  @Field(() => String, {
    nullable: true,
    description:
      "The certificate's private key, in PEM, without a passphrase. Stored encrypted, never shown again.",
  })
  key?: string | null;
}

@InputType({
  description:
    "How a Kubernetes cluster is reached: by `kubeconfig`, or by `server` and `token`, or by `inCluster`. It is given as a whole.",
})
export class KubernetesConnectionInput {
  @Field(() => String, {
    nullable: true,
    description:
      "The text of a kubeconfig with everything in it, as `kubectl config view --raw --minify --flatten` prints it: no files, no programs. What its context needs is stored, encrypted, never shown again.",
  })
  kubeconfig?: string | null;

  @Field(() => String, {
    nullable: true,
    description: "For `kubeconfig`: one of its contexts; its current one when absent.",
  })
  context?: string | null;

  @Field(() => Boolean, {
    nullable: true,
    description: "Whether it is the cluster that Rebake runs in, by the service account of its pod.",
  })
  inCluster?: boolean | null;

  @Field(() => String, {
    nullable: true,
    description:
      "URL of the API server, e.g. `https://10.0.0.1:6443`, together with `token`; `http://` for loopback addresses only.",
  })
  server?: string | null;

  @Field(() => String, {
    nullable: true,
    description: "For `server`: the token of a service account. Stored encrypted, never shown again.",
  })
  token?: string | null;

  @Field(() => String, {
    nullable: true,
    description:
      "For `server`: the certificates to know it by, in PEM; when absent, those that Node.js trusts. Stored encrypted, never shown again.",
  })
  ca?: string | null;

  @Field({
    description:
      "The namespace of its services, a DNS label; made when it is missing. Not one of Kubernetes' own, like `kube-system`.",
  })
  namespace!: string;
}
