import { GraphQLBoolean, GraphQLFloat, GraphQLInt, type GraphQLScalarType, GraphQLString } from "graphql";
import {
  EndpointModeEnum,
  EnvVarKindEnum,
  PortProtocolEnum,
  PullPolicyEnum,
  RestartConditionEnum,
  RolloutOrderEnum,
  VolumeTypeEnum,
} from "./enums.js";
import { ByteCount } from "./scalars.js";

/** A scalar, an enum, or the name of another part. */
export type SpecFieldType = GraphQLScalarType | Record<string, string> | PartName;
export interface SpecField {
  type: SpecFieldType;
  description: string;
  /** Null in a stored spec means something. Everything is nullable in a patch. */
  nullable?: boolean;
  list?: boolean;
}
export interface SpecPart {
  description: string;
  fields: Record<string, SpecField>;
}
export type PartName =
  | "RecipeSpec"
  | "Image"
  | "Source"
  | "Port"
  | "EnvVar"
  | "ConfigFile"
  | "Probe"
  | "HttpGetProbe"
  | "TcpProbe"
  | "ExecProbe"
  | "RestartPolicy"
  | "Resources"
  | "Volume"
  | "Label"
  | "RolloutPolicy";

const one = (type: SpecFieldType, description: string): SpecField => ({ type, description });
const maybe = (type: SpecFieldType, description: string): SpecField => ({
  type,
  description,
  nullable: true,
});
const many = (type: SpecFieldType, description: string): SpecField => ({ type, description, list: true });
const maybeMany = (type: SpecFieldType, description: string): SpecField => ({
  type,
  description,
  list: true,
  nullable: true,
});
const [text, int, flag] = [GraphQLString, GraphQLInt, GraphQLBoolean];

/**
 * Every part of a recipe's spec, from which both the GraphQL types and the inputs for patches are made, so
 * that the two cannot differ. A test compares this with the schema that parses specs.
 */
export const specParts: Record<PartName, SpecPart> = {
  RecipeSpec: {
    description: "What services are made from, the same for every driver; each driver says what it applies.",
    fields: {
      image: maybe("Image", "The container image; null where the app runs as a process."),
      source: maybe("Source", "The app's source; null when the image holds all."),
      command: maybeMany(text, "Program and arguments; null: the image's own, or `npm start` with a source."),
      args: maybeMany(text, "Arguments added to the command; null: none."),
      workingDir: maybe(text, "Folder to start in; null: the image's own or the source's."),
      ports: many("Port", "Ports the app listens on; the first TCP port is `$REBAKE_PORT`."),
      env: many("EnvVar", "Environment variables of the app."),
      files: many("ConfigFile", "Files put in place before the app starts."),
      readiness: maybe("Probe", "When a replica may get requests; null: nothing proves it."),
      liveness: maybe("Probe", "When a replica must be started again; null: never asked."),
      restart: maybe(
        "RestartPolicy",
        "What happens when a replica ends by itself; null: the driver's own way.",
      ),
      resources: maybe("Resources", "What a replica may use; null: no limit."),
      volumes: many("Volume", "What is mounted."),
      networks: many(text, "Networks it is in, by name."),
      labels: many("Label", "Labels put on the engine's objects."),
      annotations: many("Label", "Annotations put on the engine's objects."),
      placement: many(text, "Constraints on nodes, e.g. `node.role == worker`."),
      endpointMode: maybe(EndpointModeEnum, "How its name resolves; null: the engine's own way."),
      serviceAccount: maybe(text, "Kubernetes service account; null: the default."),
      rollout: one("RolloutPolicy", "How a rebuild replaces the old replicas."),
    },
  },
  Image: {
    description: "A container image.",
    fields: {
      prefix: maybe(text, "Registry and path before the name, e.g. `ghcr.io/acme`; null: Docker Hub."),
      name: one(text, "Its name, e.g. `node`."),
      tag: one(text, "Its tag; `latest` when not given."),
      pullPolicy: one(PullPolicyEnum, "When it is pulled."),
      credential: maybe(text, "Name of the registry credential; null: public."),
    },
  },
  Source: {
    description: "Where an app's source is.",
    fields: {
      repository: one(text, "Address of the git repository, without user and password."),
      branch: one(text, "Branch; `master` when not given."),
      commit: maybe(text, "Full commit hash to stay at; null: the branch's newest."),
      path: maybe(text, "Folder in the repository; null: its top."),
      credential: maybe(text, "Name of the git credential; null: public."),
    },
  },
  Port: {
    description: "A port the app listens on.",
    fields: {
      name: one(text, "A DNS label of at most 15 characters, e.g. `http`."),
      target: one(int, "The port inside, 1 to 65535."),
      protocol: one(PortProtocolEnum, "Its protocol."),
      published: maybe(int, "The port outside, 1 to 65535; null: one is chosen, on KUBERNETES none."),
      preserveClientIp: one(flag, "Whether the app sees the addresses of its clients."),
    },
  },
  EnvVar: {
    description: "An environment variable of the app.",
    fields: {
      name: one(text, "An identifier."),
      kind: one(EnvVarKindEnum, "Where its value comes from."),
      value: maybe(text, "Its value, for STATIC and COMPUTED."),
      default: maybe(text, "For INPUT: the value for services that give none."),
      label: maybe(text, "For INPUT and SECRET: what to call it."),
      help: maybe(text, "For INPUT and SECRET: what to give."),
      required: one(flag, "For INPUT and SECRET: whether a service must give it."),
    },
  },
  ConfigFile: {
    description: "A file put in place before the app starts.",
    fields: {
      path: one(text, "Absolute path."),
      content: one(text, "Its text, in which variables are filled in."),
      mode: one(text, "Octal permissions, e.g. `0644`."),
    },
  },
  Probe: {
    description: "How to ask a replica; exactly one of httpGet, tcp and exec.",
    fields: {
      httpGet: maybe("HttpGetProbe", "A request that must be answered by 200 to 399."),
      tcp: maybe("TcpProbe", "A port that must accept connections."),
      exec: maybe("ExecProbe", "A command that must exit with 0."),
      initialDelay: one(int, "Seconds before the first."),
      period: one(int, "Seconds between two."),
      timeout: one(int, "Seconds one may take."),
      successThreshold: one(int, "How many in a row must pass."),
      failureThreshold: one(int, "How many in a row must fail."),
    },
  },
  HttpGetProbe: {
    description: "A GET request.",
    fields: {
      path: one(text, "Path and query, beginning with `/`."),
      port: maybe(text, "Name of the port; null: the first TCP port."),
    },
  },
  TcpProbe: {
    description: "A connection.",
    fields: { port: maybe(text, "Name of the port; null: the first TCP port.") },
  },
  ExecProbe: {
    description: "A command run next to the app.",
    fields: { command: many(text, "Program and arguments.") },
  },
  RestartPolicy: {
    description: "What happens when a replica ends by itself.",
    fields: {
      condition: one(RestartConditionEnum, "When it is started again."),
      maxAttempts: maybe(int, "How often at most; null: without end."),
    },
  },
  Resources: {
    description: "What a replica may use.",
    fields: {
      memory: maybe(ByteCount, "Bytes of memory; null: no limit."),
      cpus: maybe(GraphQLFloat, "Processors, e.g. 0.5; null: no limit."),
    },
  },
  Volume: {
    description: "Something mounted into a replica.",
    fields: {
      type: one(VolumeTypeEnum, "What the source is."),
      source: one(text, "Name of the volume, or folder of the node."),
      target: one(text, "Absolute path in the replica."),
      readOnly: one(flag, "Whether the app may only read it."),
      shared: one(flag, "Whether several replicas may write to it at the same time."),
    },
  },
  Label: {
    description: "A label or annotation.",
    fields: { name: one(text, "Its name."), value: one(text, "Its value.") },
  },
  RolloutPolicy: {
    description: "How a rebuild replaces the old replicas.",
    fields: {
      order: one(RolloutOrderEnum, "What comes first."),
      parallelism: one(
        int,
        "How many replicas at a time. PROCESS replaces all at once, KUBERNETES those of a GLOBAL service node by node.",
      ),
      monitor: one(int, "Seconds a new replica is watched after it got ready."),
      deadline: one(int, "Seconds until a step that has not ended fails."),
      drain: one(int, "Seconds an old replica gets to finish what it began."),
    },
  },
};
