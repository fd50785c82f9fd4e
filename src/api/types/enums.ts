import { registerEnumType } from "type-graphql";
import type { BulkItemState, BulkRebuildState } from "../../domain/bulk-rebuild.js";
import type { CredentialKind } from "../../domain/credential.js";
import type { ImportedRecipe } from "../../domain/import-recipe.js";
import type { RecipeType } from "../../domain/recipe.js";
import type { EnvVar, PortSpec, RecipeSpec, RestartPolicy, RolloutPolicy } from "../../domain/recipe-spec.js";
import type { RenderedSpec } from "../../domain/rendered-spec.js";
import type { RolloutClass } from "../../domain/rollout-class.js";
import type { ServerState } from "../../domain/server.js";
import type { WaitingReason } from "../../domain/waiting.js";
import { causeCodes, userErrorCodes } from "../../errors.js";
import type { OperationKind, OperationState, UpdateReason } from "../../events/event-map.js";
import type {
  DriverKind,
  LogStream,
  ServiceState,
  StepName,
  StepState,
  TaskState,
} from "../../operations/driver.js";

/** Registers a GraphQL enum whose values and their descriptions are the keys and values of one record. */
function enumOf<Value extends string>(
  name: string,
  description: string,
  values: Record<Value, string>,
  nameOf: (value: Value) => string = (value) => value,
): Record<string, Value> {
  const entries = Object.entries<string>(values) as [Value, string][];
  const object = Object.fromEntries(entries.map(([value]) => [nameOf(value), value]));
  const valuesConfig = Object.fromEntries(
    entries.map(([value, text]) => [nameOf(value), { description: text }]),
  );
  registerEnumType(object, { name, description, valuesConfig });
  return object;
}

export const DriverKindEnum = enumOf<DriverKind>("DriverKind", "What runs an environment's services.", {
  PROCESS: "Processes of one host, behind Rebake's own proxy.",
  SWARM: "A Docker Swarm.",
  KUBERNETES: "A Kubernetes cluster.",
});

export const ServerStateEnum = enumOf<ServerState>("ServerState", "Whether a server is there.", {
  UP: "It was heard of within its lease.",
  AWAY: "It was not heard of for longer than its lease: it has crashed, or is cut off.",
  STOPPED: "It has said goodbye.",
});

export const WaitingReasonEnum = enumOf<WaitingReason>("WaitingReason", "What an operation waits for.", {
  HOST_AWAY: "The environment belongs to a host whose server is not there.",
  SERVER_AWAY: "The server that worked on it is not heard of any more; another one takes it over.",
  SERVICE_BUSY: "Another operation of the service is under way.",
  ENVIRONMENT_BUSY: "As many operations as the environment allows are under way.",
  SERVERS_BUSY: "No server has a place free.",
});

export const RecipeTypeEnum = enumOf<RecipeType>("RecipeType", "What kind of thing a recipe is for.", {
  SERVICE: "An application that serves requests.",
  DAEMON: "An application that works without being asked, e.g. a queue worker.",
  SERVER: "A server product, e.g. a database.",
  CLUSTER: "A part of a cluster.",
  CDN: "Delivery of content.",
  SYSTEM: "A part of the platform itself.",
  OTHER: "Anything else.",
});

export const ServiceModeEnum = enumOf<RenderedSpec["mode"]>("ServiceMode", "How replicas are counted.", {
  REPLICATED: "As many replicas as asked for.",
  GLOBAL: "One replica on each node.",
});

export const ServiceStateEnum = enumOf<ServiceState>("ServiceState", "How a service does as a whole.", {
  STARTING: "Replicas are starting and none is ready yet.",
  RUNNING: "All replicas that were asked for are ready.",
  DEGRADED: "Fewer replicas are ready than were asked for.",
  STOPPED: "Nothing of it runs.",
  UNKNOWN: "Its engine could not be asked.",
});

export const TaskStateEnum = enumOf<TaskState>("TaskState", "How one replica does.", {
  STARTING:
    "It is not ready yet; on engines also while it waits for a node, its image is fetched or its source prepared.",
  RUNNING: "It runs and is ready.",
  BACKING_OFF: "It ended by itself and will be started again after a pause.",
  STOPPING: "It finishes what it began and is then ended.",
  STOPPED: "It has ended.",
});

export const UpdateKindEnum = enumOf<"UPGRADE" | "UPDATE">("UpdateKind", "What an Update is about.", {
  UPGRADE: "Its recipe, inputs, environment or image changed, or it was changed by hand.",
  UPDATE: "New code is the only reason.",
});

export const UpdateReasonEnum = enumOf<UpdateReason>(
  "UpdateReason",
  "Why a service does not run what it should.",
  {
    RECIPE: "Its recipe was bumped.",
    INPUTS: "Its own inputs, mode or source changed.",
    ENVIRONMENT: "Values of its environment changed.",
    IMAGE: "Its image's tag now points to another digest.",
    CODE: "Its branch has newer commits.",
    DRIFT: "Somebody changed it by hand on its engine.",
  },
);

export const OperationKindEnum = enumOf<OperationKind>(
  "OperationKind",
  "What an operation does with its service.",
  {
    DEPLOY: "Starts it for the first time.",
    REBUILD: "Replaces it by what it should be, without downtime.",
    ROLLBACK: "Puts back what ran before.",
    RESTART: "Replaces its replicas by new ones of the same spec.",
    SCALE: "Changes how many replicas there are.",
    REMOVE: "Ends it and everything of it.",
  },
);

export const OperationStateEnum = enumOf<OperationState>(
  "OperationState",
  "Where an operation is; all but QUEUED and RUNNING are verdicts and final.",
  {
    QUEUED: "It waits for a worker.",
    RUNNING: "A worker is at it.",
    SUCCEEDED: "The new one was proven ready by a probe and has taken over.",
    UNPROVEN: "The new one runs and has taken over; its recipe has no probe to prove more.",
    FAILED: "Nothing old was replaced and nothing of the new one is left, unless the cause says otherwise.",
    ROLLED_BACK:
      "Some old replicas had been replaced; the old spec stands again, unless the cause says otherwise.",
    CANCELLED: "Somebody cancelled it; the old one serves on.",
    SUPERSEDED: "A newer request for the same service took its place before it started.",
  },
);

export const StepNameEnum = enumOf<StepName>("StepName", "A step of an operation, in the order they begin.", {
  LOAD_RECIPE: "Read the recipe and render it for this service.",
  FETCH_SOURCE: "Resolve the branch to a commit and fetch it.",
  INSTALL: "Install the app's dependencies.",
  START: "Start the new replicas next to the old ones.",
  READY: "Wait until the probe says that they are ready.",
  CUT_OVER: "Send new requests to the new replicas.",
  TERMINATE_OLD: "Let the old replicas finish what they began, then end them.",
});

export const StepStateEnum = enumOf<StepState>("StepState", "Where a step is.", {
  PENDING: "It has not begun.",
  RUNNING: "It is being done.",
  DONE: "It is done for all replicas.",
  SKIPPED: "It was not needed.",
  FAILED: "It did not succeed; the operation's cause says why.",
});

export const CauseCodeEnum = enumOf("CauseCode", "Why an operation did not succeed; stable.", causeCodes);

export const UserErrorCodeEnum = enumOf(
  "UserErrorCode",
  "What a caller can put right in a mutation's input; stable.",
  userErrorCodes,
);

export const LogStreamEnum = enumOf<LogStream>(
  "LogStream",
  "Who wrote a line of an operation's log.",
  {
    rebake: "Rebake itself.",
    git: "git, while fetching the source.",
    npm: "npm, while installing dependencies.",
    stdout: "The app's standard output.",
    stderr: "The app's standard error.",
  },
  (stream) => stream.toUpperCase(),
);

export const PullPolicyEnum = enumOf<NonNullable<RecipeSpec["image"]>["pullPolicy"]>(
  "PullPolicy",
  "When an engine pulls an image.",
  {
    ALWAYS: "Before each start.",
    IF_NOT_PRESENT: "When the node does not have it yet.",
    NEVER: "Never: the node must have it.",
  },
);

export const PortProtocolEnum = enumOf<PortSpec["protocol"]>("PortProtocol", "The protocol of a port.", {
  TCP: "TCP, which includes HTTP and WebSocket.",
  UDP: "UDP.",
});

export const EnvVarKindEnum = enumOf<EnvVar["kind"]>("EnvVarKind", "Where a variable's value comes from.", {
  STATIC: "From the recipe.",
  INPUT: "From each service, or else from the recipe's default.",
  COMPUTED: "From the recipe, with facts such as `$REBAKE_PORT` filled in.",
  SECRET: "From each service; encrypted and never shown again.",
});

export const RestartConditionEnum = enumOf<RestartPolicy["condition"]>(
  "RestartCondition",
  "When a replica that ended by itself is started again.",
  { NONE: "Never.", ON_FAILURE: "When it ended with another exit code than 0.", ALWAYS: "Always." },
);

export const VolumeTypeEnum = enumOf<RecipeSpec["volumes"][number]["type"]>(
  "VolumeType",
  "What a volume's source is.",
  { VOLUME: "A named volume of the engine.", BIND: "A folder of the node." },
);

export const EndpointModeEnum = enumOf<NonNullable<RecipeSpec["endpointMode"]>>(
  "EndpointMode",
  "How a service's name resolves inside its network.",
  { VIP: "To one virtual address.", DNSRR: "To the addresses of all replicas in turn." },
);

export const RolloutOrderEnum = enumOf<RolloutPolicy["order"]>(
  "RolloutOrder",
  "What comes first in a rebuild.",
  {
    START_FIRST: "The new replica is ready before an old one is ended: no downtime.",
    STOP_FIRST: "The old replica is ended first: a declared downtime.",
  },
);

export const ImportOutcomeEnum = enumOf<ImportedRecipe["outcome"]>(
  "ImportOutcome",
  "What an import did with a recipe.",
  {
    CREATED: "There was none of that name.",
    BUMPED: "It was another one, and has a new revision.",
    UNCHANGED: "It was the same already.",
  },
);

export const RolloutClassEnum = enumOf<RolloutClass>(
  "RolloutClass",
  "What a rebuild would do to a service.",
  {
    NO_OP: "Nothing: it runs just that, unless there is newer code.",
    ROLLING: "Replace it without downtime.",
    DOWNTIME: "Replace it, and not without downtime.",
  },
);

export const CredentialKindEnum = enumOf<CredentialKind>("CredentialKind", "What a credential opens.", {
  GIT: "Git repositories over HTTPS.",
  REGISTRY: "An image registry.",
});

export const BulkRebuildStateEnum = enumOf<BulkRebuildState>("BulkRebuildState", "Where a bulk rebuild is.", {
  RUNNING: "It goes on, or ends what it has begun.",
  SUCCEEDED: "All rebuilds have succeeded; what needed none was passed over.",
  FAILED: "At least one has failed; with as many as were allowed nothing more was begun.",
  CANCELLED: "Somebody cancelled it.",
});

export const BulkItemStateEnum = enumOf<BulkItemState>(
  "BulkRebuildItemState",
  "How far a service of a bulk rebuild is.",
  {
    WAITING: "Its turn has not come.",
    RUNNING: "Its rebuild waits or runs.",
    SUCCEEDED: "Its rebuild has succeeded.",
    FAILED: "Its rebuild has failed, or could not be begun.",
    SKIPPED: "It was passed over; the message says why.",
  },
);
