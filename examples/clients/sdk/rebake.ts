/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
import type { ByteCount, Cursor, DateTime } from './scalars.js';
import type { TypedDocumentNode as DocumentNode } from '@graphql-typed-document-node/core';
/** How far a service of a bulk rebuild is. */
export type BulkRebuildItemState =
  /** Its rebuild has failed, or could not be begun. */
  | 'FAILED'
  /** Its rebuild waits or runs. */
  | 'RUNNING'
  /** It was passed over; the message says why. */
  | 'SKIPPED'
  /** Its rebuild has succeeded. */
  | 'SUCCEEDED'
  /** Its turn has not come. */
  | 'WAITING';

/** Where a bulk rebuild is. */
export type BulkRebuildState =
  /** Somebody cancelled it. */
  | 'CANCELLED'
  /** At least one has failed; with as many as were allowed nothing more was begun. */
  | 'FAILED'
  /** It goes on, or ends what it has begun. */
  | 'RUNNING'
  /** All rebuilds have succeeded; what needed none was passed over. */
  | 'SUCCEEDED';

/** The next revision of a recipe. */
export type BumpRecipeInput = {
  /** A new description; absent or null stays. */
  readonly description?: string | null | undefined;
  /** Digest of the preview you have seen: when the bump would do anything else by now, nothing is done (CONFLICT). */
  readonly expectedPreview?: string | null | undefined;
  /** The revision you have seen: when it is no longer the current one, nothing is done (CONFLICT). */
  readonly expectedRevision?: number | null | undefined;
  /** Why, in your own words. */
  readonly message?: string | null | undefined;
  /** Name or id of the recipe. */
  readonly recipe: string;
  /** What changes; absent or null: nothing. */
  readonly spec?: RecipeSpecInput | null | undefined;
  /** A new title; absent stays, null clears. */
  readonly title?: string | null | undefined;
};

/** Why an operation did not succeed; stable. */
export type CauseCode =
  /** The new process ended before it was ready, or soon after; see exit code and last lines. */
  | 'APP_EXITED'
  /** Somebody cancelled the operation. */
  | 'CANCELLED_BY_USER'
  /** Somebody changed the service on its engine by hand meanwhile; look at what they did, then rebuild. */
  | 'CHANGED_ON_ENGINE'
  /** The start command cannot be executed. */
  | 'COMMAND_NOT_FOUND'
  /** The recipe names a credential for another registry than its image's; have it name the right one, then rebuild. */
  | 'CREDENTIAL_MISMATCH'
  /** The recipe names a credential that does not exist; create it, then rebuild. */
  | 'CREDENTIAL_MISSING'
  /** A step did not end within its deadline. */
  | 'DEADLINE_EXCEEDED'
  /** A dependency or version of it does not exist in the npm registry. */
  | 'DEPENDENCY_NOT_FOUND'
  /** The disk of the host is full. */
  | 'DISK_FULL'
  /** The driver failed in a way it did not expect; the server's log has the details. */
  | 'DRIVER_FAULT'
  /** The engine did not accept what was asked of it; the sentence has its own words. */
  | 'ENGINE_REFUSED'
  /** The environment names no engine, or its engine cannot be reached; see the environment's health. */
  | 'ENGINE_UNREACHABLE'
  /** git could not fetch the commit; the evidence has its last lines. */
  | 'FETCH_FAILED'
  /** The registry has no such image or tag, or shows it only to who has a credential. */
  | 'IMAGE_NOT_FOUND'
  /** The recipe asks for inputs that the service has no value for; the sentence names them. */
  | 'INPUT_MISSING'
  /** npm failed; the evidence has its last lines. */
  | 'INSTALL_FAILED'
  /** Nothing of the service runs that could be restarted or scaled; rebuild it first. */
  | 'NOTHING_DEPLOYED'
  /** The new process runs but does not listen on $REBAKE_PORT. */
  | 'NOT_LISTENING'
  /** No node of the engine can take a replica: placement, resources or ports; the sentence says which. */
  | 'NO_SUITABLE_NODE'
  /** The new process was killed because it used more memory than it may; raise resources.memory. */
  | 'OUT_OF_MEMORY'
  /** The package.json is not valid JSON. */
  | 'PACKAGE_JSON_INVALID'
  /** The source has no package.json where the recipe says it is. */
  | 'PACKAGE_JSON_MISSING'
  /** Somebody else has the port that the service publishes: another process of the host, or another service of the engine. */
  | 'PORT_TAKEN'
  /** The readiness probe did not pass in time; the sentence says what it answered. */
  | 'PROBE_FAILED'
  /** The repository has no such branch or commit. */
  | 'REF_NOT_FOUND'
  /** The image's registry refuses the credential, or wants one. */
  | 'REGISTRY_REFUSED'
  /** The image's registry cannot be reached; the sentence says from where. */
  | 'REGISTRY_UNREACHABLE'
  /** The git repository does not exist, cannot be reached or refuses the credential. */
  | 'REPOSITORY_UNREACHABLE'
  /** The recipe can no longer be rendered for this service; the sentence says why. */
  | 'SPEC_INVALID'
  /** A newer request for the same service took its place before it started. */
  | 'SUPERSEDED_BY_NEWER';

/** A file put in place before the app starts. Lists are sent whole, so what is absent here gets its default. */
export type ConfigFileInput = {
  /** Its text, in which variables are filled in. */
  readonly content?: string | null | undefined;
  /** Octal permissions, e.g. `0644`. */
  readonly mode?: string | null | undefined;
  /** Absolute path. */
  readonly path?: string | null | undefined;
};

/** A new service. */
export type DeployServiceInput = {
  /** Code of the environment. */
  readonly environment: string;
  /** What it belongs to, in your own words. */
  readonly group?: string | null | undefined;
  /** Any text of at most 255 characters; the same one again returns the first operation. */
  readonly idempotencyKey?: string | null | undefined;
  /** Values for the recipe's inputs. */
  readonly inputs?: ReadonlyArray<ServiceInputValue> | null | undefined;
  /** How replicas are counted; REPLICATED when absent. */
  readonly mode?: ServiceMode | null | undefined;
  /** A DNS label, unique in the environment. */
  readonly name: string;
  /** Ports this service publishes under another number than the recipe says. */
  readonly ports?: ReadonlyArray<PublishedPortInput> | null | undefined;
  /** Name or id of the recipe. */
  readonly recipe: string;
  /** How many replicas; 1 when absent. */
  readonly replicas?: number | null | undefined;
  /** What differs from the recipe's source, e.g. its branch. */
  readonly source?: SourceInput | null | undefined;
  /** Any text for people. */
  readonly title?: string | null | undefined;
};

/** How a service's name resolves inside its network. */
export type EndpointMode =
  /** To the addresses of all replicas in turn. */
  | 'DNSRR'
  /** To one virtual address. */
  | 'VIP';

/** An environment variable of the app. Lists are sent whole, so what is absent here gets its default. */
export type EnvVarInput = {
  /** For INPUT: the value for services that give none. */
  readonly default?: string | null | undefined;
  /** For INPUT and SECRET: what to give. */
  readonly help?: string | null | undefined;
  /** Where its value comes from. */
  readonly kind?: EnvVarKind | null | undefined;
  /** For INPUT and SECRET: what to call it. */
  readonly label?: string | null | undefined;
  /** An identifier. */
  readonly name?: string | null | undefined;
  /** For INPUT and SECRET: whether a service must give it. */
  readonly required?: boolean | null | undefined;
  /** Its value, for STATIC and COMPUTED. */
  readonly value?: string | null | undefined;
};

/** Where a variable's value comes from. */
export type EnvVarKind =
  /** From the recipe, with facts such as `$REBAKE_PORT` filled in. */
  | 'COMPUTED'
  /** From each service, or else from the recipe's default. */
  | 'INPUT'
  /** From each service; encrypted and never shown again. */
  | 'SECRET'
  /** From the recipe. */
  | 'STATIC';

/** A command run next to the app. What is absent stays as it is, null clears it, a list is replaced as a whole. */
export type ExecProbeInput = {
  /** Program and arguments. */
  readonly command?: ReadonlyArray<string> | null | undefined;
};

/** A GET request. What is absent stays as it is, null clears it, a list is replaced as a whole. */
export type HttpGetProbeInput = {
  /** Path and query, beginning with `/`. */
  readonly path?: string | null | undefined;
  /** Name of the port; null: the first TCP port. */
  readonly port?: string | null | undefined;
};

/** A container image. What is absent stays as it is, null clears it, a list is replaced as a whole. */
export type ImageInput = {
  /** Name of the registry credential; null: public. */
  readonly credential?: string | null | undefined;
  /** Its name, e.g. `node`. */
  readonly name?: string | null | undefined;
  /** Registry and path before the name, e.g. `ghcr.io/acme`; null: Docker Hub. */
  readonly prefix?: string | null | undefined;
  /** When it is pulled. */
  readonly pullPolicy?: PullPolicy | null | undefined;
  /** Its tag; `latest` when not given. */
  readonly tag?: string | null | undefined;
};

/** A label or annotation. Lists are sent whole, so what is absent here gets its default. */
export type LabelInput = {
  /** Its name. */
  readonly name?: string | null | undefined;
  /** Its value. */
  readonly value?: string | null | undefined;
};

/** Who wrote a line of an operation's log. */
export type LogStream =
  /** git, while fetching the source. */
  | 'GIT'
  /** npm, while installing dependencies. */
  | 'NPM'
  /** Rebake itself. */
  | 'REBAKE'
  /** The app's standard error. */
  | 'STDERR'
  /** The app's standard output. */
  | 'STDOUT';

/** What an operation does with its service. */
export type OperationKind =
  /** Starts it for the first time. */
  | 'DEPLOY'
  /** Replaces it by what it should be, without downtime. */
  | 'REBUILD'
  /** Ends it and everything of it. */
  | 'REMOVE'
  /** Replaces its replicas by new ones of the same spec. */
  | 'RESTART'
  /** Puts back what ran before. */
  | 'ROLLBACK'
  /** Changes how many replicas there are. */
  | 'SCALE';

/** Where an operation is; all but QUEUED and RUNNING are verdicts and final. */
export type OperationState =
  /** Somebody cancelled it; the old one serves on. */
  | 'CANCELLED'
  /** Nothing old was replaced and nothing of the new one is left, unless the cause says otherwise. */
  | 'FAILED'
  /** It waits for a worker. */
  | 'QUEUED'
  /** Some old replicas had been replaced; the old spec stands again, unless the cause says otherwise. */
  | 'ROLLED_BACK'
  /** A worker is at it. */
  | 'RUNNING'
  /** The new one was proven ready by a probe and has taken over. */
  | 'SUCCEEDED'
  /** A newer request for the same service took its place before it started. */
  | 'SUPERSEDED'
  /** The new one runs and has taken over; its recipe has no probe to prove more. */
  | 'UNPROVEN';

/** A port the app listens on. Lists are sent whole, so what is absent here gets its default. */
export type PortInput = {
  /** A DNS label of at most 15 characters, e.g. `http`. */
  readonly name?: string | null | undefined;
  /** Whether the app sees the addresses of its clients. */
  readonly preserveClientIp?: boolean | null | undefined;
  /** Its protocol. */
  readonly protocol?: PortProtocol | null | undefined;
  /** The port outside, 1 to 65535; null: one is chosen, on KUBERNETES none. */
  readonly published?: number | null | undefined;
  /** The port inside, 1 to 65535. */
  readonly target?: number | null | undefined;
};

/** The protocol of a port. */
export type PortProtocol =
  /** TCP, which includes HTTP and WebSocket. */
  | 'TCP'
  /** UDP. */
  | 'UDP';

/** How to ask a replica; exactly one of httpGet, tcp and exec. What is absent stays as it is, null clears it, a list is replaced as a whole. */
export type ProbeInput = {
  /** A command that must exit with 0. */
  readonly exec?: ExecProbeInput | null | undefined;
  /** How many in a row must fail. */
  readonly failureThreshold?: number | null | undefined;
  /** A request that must be answered by 200 to 399. */
  readonly httpGet?: HttpGetProbeInput | null | undefined;
  /** Seconds before the first. */
  readonly initialDelay?: number | null | undefined;
  /** Seconds between two. */
  readonly period?: number | null | undefined;
  /** How many in a row must pass. */
  readonly successThreshold?: number | null | undefined;
  /** A port that must accept connections. */
  readonly tcp?: TcpProbeInput | null | undefined;
  /** Seconds one may take. */
  readonly timeout?: number | null | undefined;
};

/** Under which number a service publishes a port of its recipe. */
export type PublishedPortInput = {
  /** Name of the recipe's port. */
  readonly name: string;
  /** The port to publish, 1 to 65535. */
  readonly published: number;
};

/** When an engine pulls an image. */
export type PullPolicy =
  /** Before each start. */
  | 'ALWAYS'
  /** When the node does not have it yet. */
  | 'IF_NOT_PRESENT'
  /** Never: the node must have it. */
  | 'NEVER';

/** Which services to rebuild, and how. */
export type RebuildAffectedInput = {
  /** Services whose Update this filter shows now; an empty one means all with an Update. */
  readonly filter: UpdateFilter;
  /** Any text of at most 255 characters; the same one again returns the first operation. */
  readonly idempotencyKey?: string | null | undefined;
  /** After so many failures nothing more is begun, 1 to 100000; 1 when absent. */
  readonly maxFailures?: number | null | undefined;
  /** How many at once, 1 to 100; 2 when absent. */
  readonly parallel?: number | null | undefined;
};

/** What services are made from, the same for every driver; each driver says what it applies. What is absent stays as it is, null clears it, a list is replaced as a whole. */
export type RecipeSpecInput = {
  /** Annotations put on the engine's objects. */
  readonly annotations?: ReadonlyArray<LabelInput> | null | undefined;
  /** Arguments added to the command; null: none. */
  readonly args?: ReadonlyArray<string> | null | undefined;
  /** Program and arguments; null: the image's own, or `npm start` with a source. */
  readonly command?: ReadonlyArray<string> | null | undefined;
  /** How its name resolves; null: the engine's own way. */
  readonly endpointMode?: EndpointMode | null | undefined;
  /** Environment variables of the app. */
  readonly env?: ReadonlyArray<EnvVarInput> | null | undefined;
  /** Files put in place before the app starts. */
  readonly files?: ReadonlyArray<ConfigFileInput> | null | undefined;
  /** The container image; null where the app runs as a process. */
  readonly image?: ImageInput | null | undefined;
  /** Labels put on the engine's objects. */
  readonly labels?: ReadonlyArray<LabelInput> | null | undefined;
  /** When a replica must be started again; null: never asked. */
  readonly liveness?: ProbeInput | null | undefined;
  /** Networks it is in, by name. */
  readonly networks?: ReadonlyArray<string> | null | undefined;
  /** Constraints on nodes, e.g. `node.role == worker`. */
  readonly placement?: ReadonlyArray<string> | null | undefined;
  /** Ports the app listens on; the first TCP port is `$REBAKE_PORT`. */
  readonly ports?: ReadonlyArray<PortInput> | null | undefined;
  /** When a replica may get requests; null: nothing proves it. */
  readonly readiness?: ProbeInput | null | undefined;
  /** What a replica may use; null: no limit. */
  readonly resources?: ResourcesInput | null | undefined;
  /** What happens when a replica ends by itself; null: the driver's own way. */
  readonly restart?: RestartPolicyInput | null | undefined;
  /** How a rebuild replaces the old replicas. */
  readonly rollout?: RolloutPolicyInput | null | undefined;
  /** Kubernetes service account; null: the default. */
  readonly serviceAccount?: string | null | undefined;
  /** The app's source; null when the image holds all. */
  readonly source?: SourceInput | null | undefined;
  /** What is mounted. */
  readonly volumes?: ReadonlyArray<VolumeInput> | null | undefined;
  /** Folder to start in; null: the image's own or the source's. */
  readonly workingDir?: string | null | undefined;
};

/** What kind of thing a recipe is for. */
export type RecipeType =
  /** Delivery of content. */
  | 'CDN'
  /** A part of a cluster. */
  | 'CLUSTER'
  /** An application that works without being asked, e.g. a queue worker. */
  | 'DAEMON'
  /** Anything else. */
  | 'OTHER'
  /** A server product, e.g. a database. */
  | 'SERVER'
  /** An application that serves requests. */
  | 'SERVICE'
  /** A part of the platform itself. */
  | 'SYSTEM';

/** What a replica may use. What is absent stays as it is, null clears it, a list is replaced as a whole. */
export type ResourcesInput = {
  /** Processors, e.g. 0.5; null: no limit. */
  readonly cpus?: number | null | undefined;
  /** Bytes of memory; null: no limit. */
  readonly memory?: ByteCount | null | undefined;
};

/** When a replica that ended by itself is started again. */
export type RestartCondition =
  /** Always. */
  | 'ALWAYS'
  /** Never. */
  | 'NONE'
  /** When it ended with another exit code than 0. */
  | 'ON_FAILURE';

/** What happens when a replica ends by itself. What is absent stays as it is, null clears it, a list is replaced as a whole. */
export type RestartPolicyInput = {
  /** When it is started again. */
  readonly condition?: RestartCondition | null | undefined;
  /** How often at most; null: without end. */
  readonly maxAttempts?: number | null | undefined;
};

/** What comes first in a rebuild. */
export type RolloutOrder =
  /** The new replica is ready before an old one is ended: no downtime. */
  | 'START_FIRST'
  /** The old replica is ended first: a declared downtime. */
  | 'STOP_FIRST';

/** How a rebuild replaces the old replicas. What is absent stays as it is, null clears it, a list is replaced as a whole. */
export type RolloutPolicyInput = {
  /** Seconds until a step that has not ended fails. */
  readonly deadline?: number | null | undefined;
  /** Seconds an old replica gets to finish what it began. */
  readonly drain?: number | null | undefined;
  /** Seconds a new replica is watched after it got ready. */
  readonly monitor?: number | null | undefined;
  /** What comes first. */
  readonly order?: RolloutOrder | null | undefined;
  /** How many replicas at a time. PROCESS replaces all at once, KUBERNETES those of a GLOBAL service node by node. */
  readonly parallelism?: number | null | undefined;
};

/** Which services to be told of; what is absent or null does not matter. */
export type ServiceChangeFilter = {
  /** Of the environment with this code. */
  readonly environment?: string | null | undefined;
  /** Of this group. */
  readonly group?: string | null | undefined;
  /** Of the recipe with this name. */
  readonly recipe?: string | null | undefined;
  /** The one with this id. */
  readonly service?: string | null | undefined;
  /** That are in this state then. */
  readonly state?: ServiceState | null | undefined;
};

/** Which services; what is absent or null does not matter. */
export type ServiceFilter = {
  /** Of the environment with this code. */
  readonly environment?: string | null | undefined;
  /** Of this group. */
  readonly group?: string | null | undefined;
  /** Only those with (true) or without (false) an Update. */
  readonly hasUpdate?: boolean | null | undefined;
  /** Of the recipe with this name. */
  readonly recipe?: string | null | undefined;
  /** Words of name, title and group, in any language: each word must be the beginning of a word. */
  readonly search?: string | null | undefined;
  /** In this state. */
  readonly state?: ServiceState | null | undefined;
};

/** A value for an input of the recipe. */
export type ServiceInputValue = {
  /** Name of the recipe's variable. */
  readonly name: string;
  /** Its value; for a SECRET it is encrypted and never shown again. */
  readonly value: string;
};

/** How replicas are counted. */
export type ServiceMode =
  /** One replica on each node. */
  | 'GLOBAL'
  /** As many replicas as asked for. */
  | 'REPLICATED';

/** How a service does as a whole. */
export type ServiceState =
  /** Fewer replicas are ready than were asked for. */
  | 'DEGRADED'
  /** All replicas that were asked for are ready. */
  | 'RUNNING'
  /** Replicas are starting and none is ready yet. */
  | 'STARTING'
  /** Nothing of it runs. */
  | 'STOPPED'
  /** Its engine could not be asked. */
  | 'UNKNOWN';

/** Where an app's source is. What is absent stays as it is, null clears it, a list is replaced as a whole. */
export type SourceInput = {
  /** Branch; `master` when not given. */
  readonly branch?: string | null | undefined;
  /** Full commit hash to stay at; null: the branch's newest. */
  readonly commit?: string | null | undefined;
  /** Name of the git credential; null: public. */
  readonly credential?: string | null | undefined;
  /** Folder in the repository; null: its top. */
  readonly path?: string | null | undefined;
  /** Address of the git repository, without user and password. */
  readonly repository?: string | null | undefined;
};

/** A step of an operation, in the order they begin. */
export type StepName =
  /** Send new requests to the new replicas. */
  | 'CUT_OVER'
  /** Resolve the branch to a commit and fetch it. */
  | 'FETCH_SOURCE'
  /** Install the app's dependencies. */
  | 'INSTALL'
  /** Read the recipe and render it for this service. */
  | 'LOAD_RECIPE'
  /** Wait until the probe says that they are ready. */
  | 'READY'
  /** Start the new replicas next to the old ones. */
  | 'START'
  /** Let the old replicas finish what they began, then end them. */
  | 'TERMINATE_OLD';

/** Where a step is. */
export type StepState =
  /** It is done for all replicas. */
  | 'DONE'
  /** It did not succeed; the operation's cause says why. */
  | 'FAILED'
  /** It has not begun. */
  | 'PENDING'
  /** It is being done. */
  | 'RUNNING'
  /** It was not needed. */
  | 'SKIPPED';

/** How one replica does. */
export type TaskState =
  /** It ended by itself and will be started again after a pause. */
  | 'BACKING_OFF'
  /** It runs and is ready. */
  | 'RUNNING'
  /** It is not ready yet; on engines also while it waits for a node, its image is fetched or its source prepared. */
  | 'STARTING'
  /** It has ended. */
  | 'STOPPED'
  /** It finishes what it began and is then ended. */
  | 'STOPPING';

/** A connection. What is absent stays as it is, null clears it, a list is replaced as a whole. */
export type TcpProbeInput = {
  /** Name of the port; null: the first TCP port. */
  readonly port?: string | null | undefined;
};

/** Which Updates; what is absent or null does not matter. */
export type UpdateFilter = {
  /** In the environment with this code. */
  readonly environment?: string | null | undefined;
  /** Of this kind. */
  readonly kind?: UpdateKind | null | undefined;
  /** With this among its reasons. */
  readonly reason?: UpdateReason | null | undefined;
  /** Of services of the recipe with this name. */
  readonly recipe?: string | null | undefined;
  /** Words of the service's name, title and group; not for subscriptions. In any language: each word must be the beginning of a word. */
  readonly search?: string | null | undefined;
  /** Of the service with this id. */
  readonly service?: string | null | undefined;
  /** Only those that nobody has read (true) or that somebody has (false); not for subscriptions. */
  readonly unread?: boolean | null | undefined;
};

/** What an Update is about. */
export type UpdateKind =
  /** New code is the only reason. */
  | 'UPDATE'
  /** Its recipe, inputs, environment or image changed, or it was changed by hand. */
  | 'UPGRADE';

/** Why a service does not run what it should. */
export type UpdateReason =
  /** Its branch has newer commits. */
  | 'CODE'
  /** Somebody changed it by hand on its engine. */
  | 'DRIFT'
  /** Values of its environment changed. */
  | 'ENVIRONMENT'
  /** Its image's tag now points to another digest. */
  | 'IMAGE'
  /** Its own inputs, mode or source changed. */
  | 'INPUTS'
  /** Its recipe was bumped. */
  | 'RECIPE';

/** What a caller can put right in a mutation's input; stable. */
export type UserErrorCode =
  /** The recipe is archived and takes no more changes or services. */
  | 'ARCHIVED'
  /** Somebody was faster: read the current state that the message names and try again. */
  | 'CONFLICT'
  /** This server has no driver of that kind, or the environment belongs to another host. */
  | 'DRIVER_UNAVAILABLE'
  /** A value is malformed or out of range; the message names the field and what is allowed. */
  | 'INVALID'
  /** Something still uses it; the message names what. */
  | 'IN_USE'
  /** The recipe is a locked template: copy it and change the copy. */
  | 'LOCKED'
  /** A required input has no value and no default. */
  | 'MISSING_INPUT'
  /** The name is in use; choose another one. */
  | 'NAME_TAKEN'
  /** No such environment, recipe, service or operation, or the token may not see it. */
  | 'NOT_FOUND'
  /** The operation has ended and cannot be cancelled any more. */
  | 'OPERATION_ENDED'
  /** Another service has published that port. */
  | 'PORT_TAKEN'
  /** A value or a whole spec is larger than allowed; the message names the limit. */
  | 'TOO_LARGE'
  /** A reference names no computed variable on the list, or no value of the environment. */
  | 'UNKNOWN_COMPUTED'
  /** The recipe asks for no input of that name. */
  | 'UNKNOWN_INPUT';

/** Something mounted into a replica. Lists are sent whole, so what is absent here gets its default. */
export type VolumeInput = {
  /** Whether the app may only read it. */
  readonly readOnly?: boolean | null | undefined;
  /** Whether several replicas may write to it at the same time. */
  readonly shared?: boolean | null | undefined;
  /** Name of the volume, or folder of the node. */
  readonly source?: string | null | undefined;
  /** Absolute path in the replica. */
  readonly target?: string | null | undefined;
  /** What the source is. */
  readonly type?: VolumeType | null | undefined;
};

/** What a volume's source is. */
export type VolumeType =
  /** A folder of the node. */
  | 'BIND'
  /** A named volume of the engine. */
  | 'VOLUME';

export type BulkRebuildViewFragment = { readonly id: string, readonly state: BulkRebuildState, readonly total: number, readonly running: number, readonly succeeded: number, readonly failed: number, readonly skipped: number, readonly items: { readonly edges: ReadonlyArray<{ readonly node: { readonly state: BulkRebuildItemState, readonly message: string | null, readonly service: { readonly id: string, readonly name: string }, readonly operation: { readonly id: string } | null } }> } };

export type RebuildAffectedMutationVariables = Exact<{
  input: RebuildAffectedInput;
}>;


export type RebuildAffectedMutation = { readonly rebuildAffected: { readonly cursor: Cursor, readonly bulkRebuild: { readonly id: string, readonly state: BulkRebuildState, readonly total: number, readonly running: number, readonly succeeded: number, readonly failed: number, readonly skipped: number, readonly items: { readonly edges: ReadonlyArray<{ readonly node: { readonly state: BulkRebuildItemState, readonly message: string | null, readonly service: { readonly id: string, readonly name: string }, readonly operation: { readonly id: string } | null } }> } } | null, readonly errors: ReadonlyArray<{ readonly code: UserErrorCode, readonly field: ReadonlyArray<string> | null, readonly message: string }> } };

export type BulkRebuildProgressSubscriptionVariables = Exact<{
  bulkRebuild: string;
  after?: Cursor | null | undefined;
}>;


export type BulkRebuildProgressSubscription = { readonly bulkRebuildProgress: { readonly cursor: Cursor, readonly bulkRebuild: { readonly id: string, readonly state: BulkRebuildState, readonly total: number, readonly running: number, readonly succeeded: number, readonly failed: number, readonly skipped: number, readonly items: { readonly edges: ReadonlyArray<{ readonly node: { readonly state: BulkRebuildItemState, readonly message: string | null, readonly service: { readonly id: string, readonly name: string }, readonly operation: { readonly id: string } | null } }> } } } };

export type ProblemFragment = { readonly code: UserErrorCode, readonly field: ReadonlyArray<string> | null, readonly message: string };

export type OperationViewFragment = { readonly id: string, readonly kind: OperationKind, readonly state: OperationState, readonly fromRevision: number | null, readonly toRevision: number | null, readonly commit: string | null, readonly requestedBy: string, readonly queuedAt: DateTime, readonly startedAt: DateTime | null, readonly finishedAt: DateTime | null, readonly steps: ReadonlyArray<{ readonly name: StepName, readonly state: StepState, readonly done: number, readonly of: number, readonly detail: string | null, readonly startedAt: DateTime | null, readonly finishedAt: DateTime | null }>, readonly cause: { readonly code: CauseCode, readonly message: string, readonly exitCode: number | null, readonly lastLines: ReadonlyArray<string> } | null };

export type OperationQueryVariables = Exact<{
  id: string;
}>;


export type OperationQuery = { readonly node:
    | { readonly id: string }
    | { readonly id: string }
    | { readonly id: string }
    | { readonly id: string }
    | { readonly id: string, readonly kind: OperationKind, readonly state: OperationState, readonly fromRevision: number | null, readonly toRevision: number | null, readonly commit: string | null, readonly requestedBy: string, readonly queuedAt: DateTime, readonly startedAt: DateTime | null, readonly finishedAt: DateTime | null, readonly log: { readonly edges: ReadonlyArray<{ readonly node: { readonly at: DateTime, readonly stream: LogStream, readonly instance: number | null, readonly line: string } }> }, readonly steps: ReadonlyArray<{ readonly name: StepName, readonly state: StepState, readonly done: number, readonly of: number, readonly detail: string | null, readonly startedAt: DateTime | null, readonly finishedAt: DateTime | null }>, readonly cause: { readonly code: CauseCode, readonly message: string, readonly exitCode: number | null, readonly lastLines: ReadonlyArray<string> } | null }
    | { readonly id: string }
    | { readonly id: string }
    | { readonly id: string }
    | { readonly id: string }
   | null };

export type CancelOperationMutationVariables = Exact<{
  operation: string;
}>;


export type CancelOperationMutation = { readonly cancelOperation: { readonly operation: { readonly id: string, readonly kind: OperationKind, readonly state: OperationState, readonly fromRevision: number | null, readonly toRevision: number | null, readonly commit: string | null, readonly requestedBy: string, readonly queuedAt: DateTime, readonly startedAt: DateTime | null, readonly finishedAt: DateTime | null, readonly steps: ReadonlyArray<{ readonly name: StepName, readonly state: StepState, readonly done: number, readonly of: number, readonly detail: string | null, readonly startedAt: DateTime | null, readonly finishedAt: DateTime | null }>, readonly cause: { readonly code: CauseCode, readonly message: string, readonly exitCode: number | null, readonly lastLines: ReadonlyArray<string> } | null } | null, readonly errors: ReadonlyArray<{ readonly code: UserErrorCode, readonly field: ReadonlyArray<string> | null, readonly message: string }> } };

export type OperationProgressSubscriptionVariables = Exact<{
  operation: string;
  after?: Cursor | null | undefined;
}>;


export type OperationProgressSubscription = { readonly operationProgress: { readonly cursor: Cursor, readonly operation: { readonly id: string, readonly kind: OperationKind, readonly state: OperationState, readonly fromRevision: number | null, readonly toRevision: number | null, readonly commit: string | null, readonly requestedBy: string, readonly queuedAt: DateTime, readonly startedAt: DateTime | null, readonly finishedAt: DateTime | null, readonly steps: ReadonlyArray<{ readonly name: StepName, readonly state: StepState, readonly done: number, readonly of: number, readonly detail: string | null, readonly startedAt: DateTime | null, readonly finishedAt: DateTime | null }>, readonly cause: { readonly code: CauseCode, readonly message: string, readonly exitCode: number | null, readonly lastLines: ReadonlyArray<string> } | null } } };

export type OperationLogSubscriptionVariables = Exact<{
  operation: string;
  after?: string | null | undefined;
}>;


export type OperationLogSubscription = { readonly operationLog: ReadonlyArray<{ readonly cursor: string, readonly at: DateTime, readonly stream: LogStream, readonly instance: number | null, readonly line: string }> };

export type RecipeQueryVariables = Exact<{
  name: string;
  revisions?: number | null | undefined;
}>;


export type RecipeQuery = { readonly recipe: { readonly id: string, readonly name: string, readonly title: string | null, readonly type: RecipeType, readonly description: string, readonly locked: boolean, readonly archivedAt: DateTime | null, readonly current: { readonly id: string, readonly number: number, readonly spec: { readonly command: ReadonlyArray<string> | null, readonly source: { readonly repository: string, readonly branch: string } | null, readonly ports: ReadonlyArray<{ readonly name: string, readonly target: number, readonly protocol: PortProtocol }>, readonly env: ReadonlyArray<{ readonly name: string, readonly kind: EnvVarKind, readonly value: string | null, readonly default: string | null, readonly required: boolean }>, readonly readiness: { readonly period: number, readonly timeout: number, readonly httpGet: { readonly path: string } | null } | null, readonly rollout: { readonly order: RolloutOrder, readonly monitor: number, readonly drain: number } } }, readonly revisions: { readonly totalCount: number, readonly edges: ReadonlyArray<{ readonly node: { readonly id: string, readonly number: number, readonly message: string | null, readonly author: string, readonly createdAt: DateTime, readonly changes: ReadonlyArray<{ readonly path: ReadonlyArray<string>, readonly before: string | null, readonly after: string | null }> } }> } } | null };

export type BumpRecipeMutationVariables = Exact<{
  input: BumpRecipeInput;
}>;


export type BumpRecipeMutation = { readonly bumpRecipe: { readonly cursor: Cursor, readonly revision: { readonly id: string, readonly number: number, readonly changes: ReadonlyArray<{ readonly path: ReadonlyArray<string>, readonly before: string | null, readonly after: string | null }> } | null, readonly affected: { readonly totalCount: number, readonly edges: ReadonlyArray<{ readonly node: { readonly id: string, readonly kind: UpdateKind, readonly reasons: ReadonlyArray<UpdateReason>, readonly since: DateTime, readonly read: boolean, readonly fromRevision: number | null, readonly toRevision: number | null, readonly changes: ReadonlyArray<{ readonly path: ReadonlyArray<string>, readonly before: string | null, readonly after: string | null, readonly secret: boolean }>, readonly service: { readonly id: string, readonly name: string, readonly environment: { readonly id: string, readonly code: string }, readonly recipe: { readonly id: string, readonly name: string }, readonly operation: { readonly id: string } | null } } }> } | null, readonly errors: ReadonlyArray<{ readonly code: UserErrorCode, readonly field: ReadonlyArray<string> | null, readonly message: string }> } };

export type ServiceRowFragment = { readonly id: string, readonly name: string, readonly title: string | null, readonly state: ServiceState, readonly replicas: number, readonly revision: number | null, readonly commit: string | null, readonly environment: { readonly id: string, readonly code: string }, readonly recipe: { readonly id: string, readonly name: string }, readonly update: { readonly id: string, readonly kind: UpdateKind, readonly reasons: ReadonlyArray<UpdateReason>, readonly toRevision: number | null, readonly since: DateTime } | null };

export type ServicesQueryVariables = Exact<{
  filter?: ServiceFilter | null | undefined;
  first?: number | null | undefined;
  after?: string | null | undefined;
}>;


export type ServicesQuery = { readonly services: { readonly totalCount: number, readonly pageInfo: { readonly hasNextPage: boolean, readonly endCursor: string | null }, readonly edges: ReadonlyArray<{ readonly node: { readonly id: string, readonly name: string, readonly title: string | null, readonly state: ServiceState, readonly replicas: number, readonly revision: number | null, readonly commit: string | null, readonly environment: { readonly id: string, readonly code: string }, readonly recipe: { readonly id: string, readonly name: string }, readonly update: { readonly id: string, readonly kind: UpdateKind, readonly reasons: ReadonlyArray<UpdateReason>, readonly toRevision: number | null, readonly since: DateTime } | null } }> } };

export type ServiceQueryVariables = Exact<{
  environment: string;
  name: string;
}>;


export type ServiceQuery = { readonly service: { readonly id: string, readonly name: string, readonly title: string | null, readonly state: ServiceState, readonly replicas: number, readonly revision: number | null, readonly commit: string | null, readonly ports: ReadonlyArray<{ readonly name: string, readonly address: string }>, readonly tasks: ReadonlyArray<{ readonly instance: number, readonly state: TaskState, readonly since: DateTime, readonly restarts: number, readonly message: string | null, readonly address: string | null }>, readonly operation: { readonly id: string, readonly kind: OperationKind, readonly state: OperationState, readonly fromRevision: number | null, readonly toRevision: number | null, readonly commit: string | null, readonly requestedBy: string, readonly queuedAt: DateTime, readonly startedAt: DateTime | null, readonly finishedAt: DateTime | null, readonly steps: ReadonlyArray<{ readonly name: StepName, readonly state: StepState, readonly done: number, readonly of: number, readonly detail: string | null, readonly startedAt: DateTime | null, readonly finishedAt: DateTime | null }>, readonly cause: { readonly code: CauseCode, readonly message: string, readonly exitCode: number | null, readonly lastLines: ReadonlyArray<string> } | null } | null, readonly operations: { readonly edges: ReadonlyArray<{ readonly node: { readonly id: string, readonly kind: OperationKind, readonly state: OperationState, readonly queuedAt: DateTime } }> }, readonly environment: { readonly id: string, readonly code: string }, readonly recipe: { readonly id: string, readonly name: string }, readonly update: { readonly id: string, readonly kind: UpdateKind, readonly reasons: ReadonlyArray<UpdateReason>, readonly toRevision: number | null, readonly since: DateTime } | null } | null };

export type DeployServiceMutationVariables = Exact<{
  input: DeployServiceInput;
}>;


export type DeployServiceMutation = { readonly deployService: { readonly cursor: Cursor, readonly service: { readonly id: string, readonly name: string, readonly title: string | null, readonly state: ServiceState, readonly replicas: number, readonly revision: number | null, readonly commit: string | null, readonly environment: { readonly id: string, readonly code: string }, readonly recipe: { readonly id: string, readonly name: string }, readonly update: { readonly id: string, readonly kind: UpdateKind, readonly reasons: ReadonlyArray<UpdateReason>, readonly toRevision: number | null, readonly since: DateTime } | null } | null, readonly operation: { readonly id: string, readonly kind: OperationKind, readonly state: OperationState, readonly fromRevision: number | null, readonly toRevision: number | null, readonly commit: string | null, readonly requestedBy: string, readonly queuedAt: DateTime, readonly startedAt: DateTime | null, readonly finishedAt: DateTime | null, readonly steps: ReadonlyArray<{ readonly name: StepName, readonly state: StepState, readonly done: number, readonly of: number, readonly detail: string | null, readonly startedAt: DateTime | null, readonly finishedAt: DateTime | null }>, readonly cause: { readonly code: CauseCode, readonly message: string, readonly exitCode: number | null, readonly lastLines: ReadonlyArray<string> } | null } | null, readonly errors: ReadonlyArray<{ readonly code: UserErrorCode, readonly field: ReadonlyArray<string> | null, readonly message: string }> } };

export type RebuildServiceMutationVariables = Exact<{
  service: string;
  idempotencyKey?: string | null | undefined;
}>;


export type RebuildServiceMutation = { readonly rebuildService: { readonly cursor: Cursor, readonly operation: { readonly id: string, readonly kind: OperationKind, readonly state: OperationState, readonly fromRevision: number | null, readonly toRevision: number | null, readonly commit: string | null, readonly requestedBy: string, readonly queuedAt: DateTime, readonly startedAt: DateTime | null, readonly finishedAt: DateTime | null, readonly steps: ReadonlyArray<{ readonly name: StepName, readonly state: StepState, readonly done: number, readonly of: number, readonly detail: string | null, readonly startedAt: DateTime | null, readonly finishedAt: DateTime | null }>, readonly cause: { readonly code: CauseCode, readonly message: string, readonly exitCode: number | null, readonly lastLines: ReadonlyArray<string> } | null } | null, readonly errors: ReadonlyArray<{ readonly code: UserErrorCode, readonly field: ReadonlyArray<string> | null, readonly message: string }> } };

export type RemoveServiceMutationVariables = Exact<{
  service: string;
}>;


export type RemoveServiceMutation = { readonly removeService: { readonly operation: { readonly id: string, readonly kind: OperationKind, readonly state: OperationState, readonly fromRevision: number | null, readonly toRevision: number | null, readonly commit: string | null, readonly requestedBy: string, readonly queuedAt: DateTime, readonly startedAt: DateTime | null, readonly finishedAt: DateTime | null, readonly steps: ReadonlyArray<{ readonly name: StepName, readonly state: StepState, readonly done: number, readonly of: number, readonly detail: string | null, readonly startedAt: DateTime | null, readonly finishedAt: DateTime | null }>, readonly cause: { readonly code: CauseCode, readonly message: string, readonly exitCode: number | null, readonly lastLines: ReadonlyArray<string> } | null } | null, readonly errors: ReadonlyArray<{ readonly code: UserErrorCode, readonly field: ReadonlyArray<string> | null, readonly message: string }> } };

export type ServiceChangedSubscriptionVariables = Exact<{
  filter?: ServiceChangeFilter | null | undefined;
  after?: Cursor | null | undefined;
}>;


export type ServiceChangedSubscription = { readonly serviceChanged: { readonly cursor: Cursor, readonly state: ServiceState, readonly replicas: number, readonly revision: number | null, readonly commit: string | null, readonly removed: boolean, readonly service: { readonly id: string, readonly name: string, readonly title: string | null, readonly state: ServiceState, readonly replicas: number, readonly revision: number | null, readonly commit: string | null, readonly environment: { readonly id: string, readonly code: string }, readonly recipe: { readonly id: string, readonly name: string }, readonly update: { readonly id: string, readonly kind: UpdateKind, readonly reasons: ReadonlyArray<UpdateReason>, readonly toRevision: number | null, readonly since: DateTime } | null } } };

export type UpdateViewFragment = { readonly id: string, readonly kind: UpdateKind, readonly reasons: ReadonlyArray<UpdateReason>, readonly since: DateTime, readonly read: boolean, readonly fromRevision: number | null, readonly toRevision: number | null, readonly changes: ReadonlyArray<{ readonly path: ReadonlyArray<string>, readonly before: string | null, readonly after: string | null, readonly secret: boolean }>, readonly service: { readonly id: string, readonly name: string, readonly environment: { readonly id: string, readonly code: string }, readonly recipe: { readonly id: string, readonly name: string }, readonly operation: { readonly id: string } | null } };

export type UpdatesQueryVariables = Exact<{
  filter?: UpdateFilter | null | undefined;
  first?: number | null | undefined;
  after?: string | null | undefined;
}>;


export type UpdatesQuery = { readonly cursor: Cursor, readonly updates: { readonly totalCount: number, readonly unreadCount: number, readonly pageInfo: { readonly hasNextPage: boolean, readonly endCursor: string | null }, readonly edges: ReadonlyArray<{ readonly node: { readonly id: string, readonly kind: UpdateKind, readonly reasons: ReadonlyArray<UpdateReason>, readonly since: DateTime, readonly read: boolean, readonly fromRevision: number | null, readonly toRevision: number | null, readonly changes: ReadonlyArray<{ readonly path: ReadonlyArray<string>, readonly before: string | null, readonly after: string | null, readonly secret: boolean }>, readonly service: { readonly id: string, readonly name: string, readonly environment: { readonly id: string, readonly code: string }, readonly recipe: { readonly id: string, readonly name: string }, readonly operation: { readonly id: string } | null } } }> } };

export type UpdateAvailableSubscriptionVariables = Exact<{
  filter?: UpdateFilter | null | undefined;
  after?: Cursor | null | undefined;
}>;


export type UpdateAvailableSubscription = { readonly updateAvailable: { readonly cursor: Cursor, readonly update: { readonly id: string, readonly kind: UpdateKind, readonly reasons: ReadonlyArray<UpdateReason>, readonly since: DateTime, readonly read: boolean, readonly fromRevision: number | null, readonly toRevision: number | null, readonly changes: ReadonlyArray<{ readonly path: ReadonlyArray<string>, readonly before: string | null, readonly after: string | null, readonly secret: boolean }>, readonly service: { readonly id: string, readonly name: string, readonly environment: { readonly id: string, readonly code: string }, readonly recipe: { readonly id: string, readonly name: string }, readonly operation: { readonly id: string } | null } } } };

export type UpdateEventsSubscriptionVariables = Exact<{
  filter?: UpdateFilter | null | undefined;
  after?: Cursor | null | undefined;
}>;


export type UpdateEventsSubscription = { readonly updates:
    | { readonly __typename: 'UpdateAvailable', readonly cursor: Cursor, readonly update: { readonly id: string, readonly kind: UpdateKind, readonly reasons: ReadonlyArray<UpdateReason>, readonly since: DateTime, readonly read: boolean, readonly fromRevision: number | null, readonly toRevision: number | null, readonly changes: ReadonlyArray<{ readonly path: ReadonlyArray<string>, readonly before: string | null, readonly after: string | null, readonly secret: boolean }>, readonly service: { readonly id: string, readonly name: string, readonly environment: { readonly id: string, readonly code: string }, readonly recipe: { readonly id: string, readonly name: string }, readonly operation: { readonly id: string } | null } } }
    | { readonly __typename: 'UpdateResolved', readonly cursor: Cursor, readonly update: { readonly id: string, readonly kind: UpdateKind, readonly reasons: ReadonlyArray<UpdateReason>, readonly since: DateTime, readonly read: boolean, readonly fromRevision: number | null, readonly toRevision: number | null, readonly changes: ReadonlyArray<{ readonly path: ReadonlyArray<string>, readonly before: string | null, readonly after: string | null, readonly secret: boolean }>, readonly service: { readonly id: string, readonly name: string, readonly environment: { readonly id: string, readonly code: string }, readonly recipe: { readonly id: string, readonly name: string }, readonly operation: { readonly id: string } | null } } }
   };

export const BulkRebuildViewFragmentDoc = {"kind":"Document","definitions":[{"kind":"FragmentDefinition","name":{"kind":"Name","value":"BulkRebuildView"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"BulkRebuild"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"state"}},{"kind":"Field","name":{"kind":"Name","value":"total"}},{"kind":"Field","name":{"kind":"Name","value":"running"}},{"kind":"Field","name":{"kind":"Name","value":"succeeded"}},{"kind":"Field","name":{"kind":"Name","value":"failed"}},{"kind":"Field","name":{"kind":"Name","value":"skipped"}},{"kind":"Field","name":{"kind":"Name","value":"items"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"first"},"value":{"kind":"IntValue","value":"100"}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"edges"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"node"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"state"}},{"kind":"Field","name":{"kind":"Name","value":"message"}},{"kind":"Field","name":{"kind":"Name","value":"service"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"name"}}]}},{"kind":"Field","name":{"kind":"Name","value":"operation"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}}]}}]}}]}}]}}]}}]} as unknown as DocumentNode<BulkRebuildViewFragment, unknown>;
export const ProblemFragmentDoc = {"kind":"Document","definitions":[{"kind":"FragmentDefinition","name":{"kind":"Name","value":"Problem"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"UserError"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"field"}},{"kind":"Field","name":{"kind":"Name","value":"message"}}]}}]} as unknown as DocumentNode<ProblemFragment, unknown>;
export const OperationViewFragmentDoc = {"kind":"Document","definitions":[{"kind":"FragmentDefinition","name":{"kind":"Name","value":"OperationView"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Operation"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"kind"}},{"kind":"Field","name":{"kind":"Name","value":"state"}},{"kind":"Field","name":{"kind":"Name","value":"fromRevision"}},{"kind":"Field","name":{"kind":"Name","value":"toRevision"}},{"kind":"Field","name":{"kind":"Name","value":"commit"}},{"kind":"Field","name":{"kind":"Name","value":"requestedBy"}},{"kind":"Field","name":{"kind":"Name","value":"queuedAt"}},{"kind":"Field","name":{"kind":"Name","value":"startedAt"}},{"kind":"Field","name":{"kind":"Name","value":"finishedAt"}},{"kind":"Field","name":{"kind":"Name","value":"steps"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"state"}},{"kind":"Field","name":{"kind":"Name","value":"done"}},{"kind":"Field","name":{"kind":"Name","value":"of"}},{"kind":"Field","name":{"kind":"Name","value":"detail"}},{"kind":"Field","name":{"kind":"Name","value":"startedAt"}},{"kind":"Field","name":{"kind":"Name","value":"finishedAt"}}]}},{"kind":"Field","name":{"kind":"Name","value":"cause"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"message"}},{"kind":"Field","name":{"kind":"Name","value":"exitCode"}},{"kind":"Field","name":{"kind":"Name","value":"lastLines"}}]}}]}}]} as unknown as DocumentNode<OperationViewFragment, unknown>;
export const ServiceRowFragmentDoc = {"kind":"Document","definitions":[{"kind":"FragmentDefinition","name":{"kind":"Name","value":"ServiceRow"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Service"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"title"}},{"kind":"Field","name":{"kind":"Name","value":"state"}},{"kind":"Field","name":{"kind":"Name","value":"replicas"}},{"kind":"Field","name":{"kind":"Name","value":"revision"}},{"kind":"Field","name":{"kind":"Name","value":"commit"}},{"kind":"Field","name":{"kind":"Name","value":"environment"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"code"}}]}},{"kind":"Field","name":{"kind":"Name","value":"recipe"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"name"}}]}},{"kind":"Field","name":{"kind":"Name","value":"update"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"kind"}},{"kind":"Field","name":{"kind":"Name","value":"reasons"}},{"kind":"Field","name":{"kind":"Name","value":"toRevision"}},{"kind":"Field","name":{"kind":"Name","value":"since"}}]}}]}}]} as unknown as DocumentNode<ServiceRowFragment, unknown>;
export const UpdateViewFragmentDoc = {"kind":"Document","definitions":[{"kind":"FragmentDefinition","name":{"kind":"Name","value":"UpdateView"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Update"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"kind"}},{"kind":"Field","name":{"kind":"Name","value":"reasons"}},{"kind":"Field","name":{"kind":"Name","value":"since"}},{"kind":"Field","name":{"kind":"Name","value":"read"}},{"kind":"Field","name":{"kind":"Name","value":"fromRevision"}},{"kind":"Field","name":{"kind":"Name","value":"toRevision"}},{"kind":"Field","name":{"kind":"Name","value":"changes"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"path"}},{"kind":"Field","name":{"kind":"Name","value":"before"}},{"kind":"Field","name":{"kind":"Name","value":"after"}},{"kind":"Field","name":{"kind":"Name","value":"secret"}}]}},{"kind":"Field","name":{"kind":"Name","value":"service"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"environment"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"code"}}]}},{"kind":"Field","name":{"kind":"Name","value":"recipe"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"name"}}]}},{"kind":"Field","name":{"kind":"Name","value":"operation"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}}]}}]}}]}}]} as unknown as DocumentNode<UpdateViewFragment, unknown>;
export const RebuildAffectedDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"RebuildAffected"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"input"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"RebuildAffectedInput"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"rebuildAffected"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"input"},"value":{"kind":"Variable","name":{"kind":"Name","value":"input"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"bulkRebuild"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"BulkRebuildView"}}]}},{"kind":"Field","name":{"kind":"Name","value":"cursor"}},{"kind":"Field","name":{"kind":"Name","value":"errors"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"Problem"}}]}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"BulkRebuildView"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"BulkRebuild"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"state"}},{"kind":"Field","name":{"kind":"Name","value":"total"}},{"kind":"Field","name":{"kind":"Name","value":"running"}},{"kind":"Field","name":{"kind":"Name","value":"succeeded"}},{"kind":"Field","name":{"kind":"Name","value":"failed"}},{"kind":"Field","name":{"kind":"Name","value":"skipped"}},{"kind":"Field","name":{"kind":"Name","value":"items"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"first"},"value":{"kind":"IntValue","value":"100"}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"edges"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"node"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"state"}},{"kind":"Field","name":{"kind":"Name","value":"message"}},{"kind":"Field","name":{"kind":"Name","value":"service"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"name"}}]}},{"kind":"Field","name":{"kind":"Name","value":"operation"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}}]}}]}}]}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"Problem"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"UserError"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"field"}},{"kind":"Field","name":{"kind":"Name","value":"message"}}]}}]} as unknown as DocumentNode<RebuildAffectedMutation, RebuildAffectedMutationVariables>;
export const BulkRebuildProgressDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"subscription","name":{"kind":"Name","value":"BulkRebuildProgress"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"bulkRebuild"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"ID"}}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"after"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"Cursor"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"bulkRebuildProgress"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"bulkRebuild"},"value":{"kind":"Variable","name":{"kind":"Name","value":"bulkRebuild"}}},{"kind":"Argument","name":{"kind":"Name","value":"after"},"value":{"kind":"Variable","name":{"kind":"Name","value":"after"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"cursor"}},{"kind":"Field","name":{"kind":"Name","value":"bulkRebuild"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"BulkRebuildView"}}]}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"BulkRebuildView"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"BulkRebuild"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"state"}},{"kind":"Field","name":{"kind":"Name","value":"total"}},{"kind":"Field","name":{"kind":"Name","value":"running"}},{"kind":"Field","name":{"kind":"Name","value":"succeeded"}},{"kind":"Field","name":{"kind":"Name","value":"failed"}},{"kind":"Field","name":{"kind":"Name","value":"skipped"}},{"kind":"Field","name":{"kind":"Name","value":"items"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"first"},"value":{"kind":"IntValue","value":"100"}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"edges"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"node"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"state"}},{"kind":"Field","name":{"kind":"Name","value":"message"}},{"kind":"Field","name":{"kind":"Name","value":"service"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"name"}}]}},{"kind":"Field","name":{"kind":"Name","value":"operation"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}}]}}]}}]}}]}}]}}]} as unknown as DocumentNode<BulkRebuildProgressSubscription, BulkRebuildProgressSubscriptionVariables>;
export const OperationDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"Operation"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"id"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"ID"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"node"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"id"},"value":{"kind":"Variable","name":{"kind":"Name","value":"id"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"InlineFragment","typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Operation"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"OperationView"}},{"kind":"Field","name":{"kind":"Name","value":"log"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"last"},"value":{"kind":"IntValue","value":"50"}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"edges"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"node"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"at"}},{"kind":"Field","name":{"kind":"Name","value":"stream"}},{"kind":"Field","name":{"kind":"Name","value":"instance"}},{"kind":"Field","name":{"kind":"Name","value":"line"}}]}}]}}]}}]}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"OperationView"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Operation"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"kind"}},{"kind":"Field","name":{"kind":"Name","value":"state"}},{"kind":"Field","name":{"kind":"Name","value":"fromRevision"}},{"kind":"Field","name":{"kind":"Name","value":"toRevision"}},{"kind":"Field","name":{"kind":"Name","value":"commit"}},{"kind":"Field","name":{"kind":"Name","value":"requestedBy"}},{"kind":"Field","name":{"kind":"Name","value":"queuedAt"}},{"kind":"Field","name":{"kind":"Name","value":"startedAt"}},{"kind":"Field","name":{"kind":"Name","value":"finishedAt"}},{"kind":"Field","name":{"kind":"Name","value":"steps"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"state"}},{"kind":"Field","name":{"kind":"Name","value":"done"}},{"kind":"Field","name":{"kind":"Name","value":"of"}},{"kind":"Field","name":{"kind":"Name","value":"detail"}},{"kind":"Field","name":{"kind":"Name","value":"startedAt"}},{"kind":"Field","name":{"kind":"Name","value":"finishedAt"}}]}},{"kind":"Field","name":{"kind":"Name","value":"cause"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"message"}},{"kind":"Field","name":{"kind":"Name","value":"exitCode"}},{"kind":"Field","name":{"kind":"Name","value":"lastLines"}}]}}]}}]} as unknown as DocumentNode<OperationQuery, OperationQueryVariables>;
export const CancelOperationDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"CancelOperation"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"operation"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"ID"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"cancelOperation"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"input"},"value":{"kind":"ObjectValue","fields":[{"kind":"ObjectField","name":{"kind":"Name","value":"operation"},"value":{"kind":"Variable","name":{"kind":"Name","value":"operation"}}}]}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"operation"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"OperationView"}}]}},{"kind":"Field","name":{"kind":"Name","value":"errors"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"Problem"}}]}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"OperationView"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Operation"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"kind"}},{"kind":"Field","name":{"kind":"Name","value":"state"}},{"kind":"Field","name":{"kind":"Name","value":"fromRevision"}},{"kind":"Field","name":{"kind":"Name","value":"toRevision"}},{"kind":"Field","name":{"kind":"Name","value":"commit"}},{"kind":"Field","name":{"kind":"Name","value":"requestedBy"}},{"kind":"Field","name":{"kind":"Name","value":"queuedAt"}},{"kind":"Field","name":{"kind":"Name","value":"startedAt"}},{"kind":"Field","name":{"kind":"Name","value":"finishedAt"}},{"kind":"Field","name":{"kind":"Name","value":"steps"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"state"}},{"kind":"Field","name":{"kind":"Name","value":"done"}},{"kind":"Field","name":{"kind":"Name","value":"of"}},{"kind":"Field","name":{"kind":"Name","value":"detail"}},{"kind":"Field","name":{"kind":"Name","value":"startedAt"}},{"kind":"Field","name":{"kind":"Name","value":"finishedAt"}}]}},{"kind":"Field","name":{"kind":"Name","value":"cause"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"message"}},{"kind":"Field","name":{"kind":"Name","value":"exitCode"}},{"kind":"Field","name":{"kind":"Name","value":"lastLines"}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"Problem"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"UserError"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"field"}},{"kind":"Field","name":{"kind":"Name","value":"message"}}]}}]} as unknown as DocumentNode<CancelOperationMutation, CancelOperationMutationVariables>;
export const OperationProgressDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"subscription","name":{"kind":"Name","value":"OperationProgress"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"operation"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"ID"}}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"after"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"Cursor"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"operationProgress"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"operation"},"value":{"kind":"Variable","name":{"kind":"Name","value":"operation"}}},{"kind":"Argument","name":{"kind":"Name","value":"after"},"value":{"kind":"Variable","name":{"kind":"Name","value":"after"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"cursor"}},{"kind":"Field","name":{"kind":"Name","value":"operation"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"OperationView"}}]}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"OperationView"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Operation"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"kind"}},{"kind":"Field","name":{"kind":"Name","value":"state"}},{"kind":"Field","name":{"kind":"Name","value":"fromRevision"}},{"kind":"Field","name":{"kind":"Name","value":"toRevision"}},{"kind":"Field","name":{"kind":"Name","value":"commit"}},{"kind":"Field","name":{"kind":"Name","value":"requestedBy"}},{"kind":"Field","name":{"kind":"Name","value":"queuedAt"}},{"kind":"Field","name":{"kind":"Name","value":"startedAt"}},{"kind":"Field","name":{"kind":"Name","value":"finishedAt"}},{"kind":"Field","name":{"kind":"Name","value":"steps"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"state"}},{"kind":"Field","name":{"kind":"Name","value":"done"}},{"kind":"Field","name":{"kind":"Name","value":"of"}},{"kind":"Field","name":{"kind":"Name","value":"detail"}},{"kind":"Field","name":{"kind":"Name","value":"startedAt"}},{"kind":"Field","name":{"kind":"Name","value":"finishedAt"}}]}},{"kind":"Field","name":{"kind":"Name","value":"cause"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"message"}},{"kind":"Field","name":{"kind":"Name","value":"exitCode"}},{"kind":"Field","name":{"kind":"Name","value":"lastLines"}}]}}]}}]} as unknown as DocumentNode<OperationProgressSubscription, OperationProgressSubscriptionVariables>;
export const OperationLogDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"subscription","name":{"kind":"Name","value":"OperationLog"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"operation"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"ID"}}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"after"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"String"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"operationLog"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"operation"},"value":{"kind":"Variable","name":{"kind":"Name","value":"operation"}}},{"kind":"Argument","name":{"kind":"Name","value":"after"},"value":{"kind":"Variable","name":{"kind":"Name","value":"after"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"cursor"}},{"kind":"Field","name":{"kind":"Name","value":"at"}},{"kind":"Field","name":{"kind":"Name","value":"stream"}},{"kind":"Field","name":{"kind":"Name","value":"instance"}},{"kind":"Field","name":{"kind":"Name","value":"line"}}]}}]}}]} as unknown as DocumentNode<OperationLogSubscription, OperationLogSubscriptionVariables>;
export const RecipeDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"Recipe"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"name"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"String"}}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"revisions"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"Int"}},"defaultValue":{"kind":"IntValue","value":"10"}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"recipe"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"name"},"value":{"kind":"Variable","name":{"kind":"Name","value":"name"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"title"}},{"kind":"Field","name":{"kind":"Name","value":"type"}},{"kind":"Field","name":{"kind":"Name","value":"description"}},{"kind":"Field","name":{"kind":"Name","value":"locked"}},{"kind":"Field","name":{"kind":"Name","value":"archivedAt"}},{"kind":"Field","name":{"kind":"Name","value":"current"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"number"}},{"kind":"Field","name":{"kind":"Name","value":"spec"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"command"}},{"kind":"Field","name":{"kind":"Name","value":"source"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"repository"}},{"kind":"Field","name":{"kind":"Name","value":"branch"}}]}},{"kind":"Field","name":{"kind":"Name","value":"ports"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"target"}},{"kind":"Field","name":{"kind":"Name","value":"protocol"}}]}},{"kind":"Field","name":{"kind":"Name","value":"env"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"kind"}},{"kind":"Field","name":{"kind":"Name","value":"value"}},{"kind":"Field","name":{"kind":"Name","value":"default"}},{"kind":"Field","name":{"kind":"Name","value":"required"}}]}},{"kind":"Field","name":{"kind":"Name","value":"readiness"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"httpGet"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"path"}}]}},{"kind":"Field","name":{"kind":"Name","value":"period"}},{"kind":"Field","name":{"kind":"Name","value":"timeout"}}]}},{"kind":"Field","name":{"kind":"Name","value":"rollout"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"order"}},{"kind":"Field","name":{"kind":"Name","value":"monitor"}},{"kind":"Field","name":{"kind":"Name","value":"drain"}}]}}]}}]}},{"kind":"Field","name":{"kind":"Name","value":"revisions"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"last"},"value":{"kind":"Variable","name":{"kind":"Name","value":"revisions"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"totalCount"}},{"kind":"Field","name":{"kind":"Name","value":"edges"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"node"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"number"}},{"kind":"Field","name":{"kind":"Name","value":"message"}},{"kind":"Field","name":{"kind":"Name","value":"author"}},{"kind":"Field","name":{"kind":"Name","value":"createdAt"}},{"kind":"Field","name":{"kind":"Name","value":"changes"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"path"}},{"kind":"Field","name":{"kind":"Name","value":"before"}},{"kind":"Field","name":{"kind":"Name","value":"after"}}]}}]}}]}}]}}]}}]}}]} as unknown as DocumentNode<RecipeQuery, RecipeQueryVariables>;
export const BumpRecipeDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"BumpRecipe"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"input"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"BumpRecipeInput"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"bumpRecipe"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"input"},"value":{"kind":"Variable","name":{"kind":"Name","value":"input"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"revision"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"number"}},{"kind":"Field","name":{"kind":"Name","value":"changes"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"path"}},{"kind":"Field","name":{"kind":"Name","value":"before"}},{"kind":"Field","name":{"kind":"Name","value":"after"}}]}}]}},{"kind":"Field","name":{"kind":"Name","value":"affected"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"first"},"value":{"kind":"IntValue","value":"100"}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"totalCount"}},{"kind":"Field","name":{"kind":"Name","value":"edges"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"node"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"UpdateView"}}]}}]}}]}},{"kind":"Field","name":{"kind":"Name","value":"cursor"}},{"kind":"Field","name":{"kind":"Name","value":"errors"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"Problem"}}]}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"UpdateView"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Update"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"kind"}},{"kind":"Field","name":{"kind":"Name","value":"reasons"}},{"kind":"Field","name":{"kind":"Name","value":"since"}},{"kind":"Field","name":{"kind":"Name","value":"read"}},{"kind":"Field","name":{"kind":"Name","value":"fromRevision"}},{"kind":"Field","name":{"kind":"Name","value":"toRevision"}},{"kind":"Field","name":{"kind":"Name","value":"changes"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"path"}},{"kind":"Field","name":{"kind":"Name","value":"before"}},{"kind":"Field","name":{"kind":"Name","value":"after"}},{"kind":"Field","name":{"kind":"Name","value":"secret"}}]}},{"kind":"Field","name":{"kind":"Name","value":"service"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"environment"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"code"}}]}},{"kind":"Field","name":{"kind":"Name","value":"recipe"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"name"}}]}},{"kind":"Field","name":{"kind":"Name","value":"operation"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}}]}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"Problem"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"UserError"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"field"}},{"kind":"Field","name":{"kind":"Name","value":"message"}}]}}]} as unknown as DocumentNode<BumpRecipeMutation, BumpRecipeMutationVariables>;
export const ServicesDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"Services"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"filter"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"ServiceFilter"}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"first"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"Int"}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"after"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"String"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"services"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"filter"},"value":{"kind":"Variable","name":{"kind":"Name","value":"filter"}}},{"kind":"Argument","name":{"kind":"Name","value":"first"},"value":{"kind":"Variable","name":{"kind":"Name","value":"first"}}},{"kind":"Argument","name":{"kind":"Name","value":"after"},"value":{"kind":"Variable","name":{"kind":"Name","value":"after"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"totalCount"}},{"kind":"Field","name":{"kind":"Name","value":"pageInfo"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"hasNextPage"}},{"kind":"Field","name":{"kind":"Name","value":"endCursor"}}]}},{"kind":"Field","name":{"kind":"Name","value":"edges"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"node"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"ServiceRow"}}]}}]}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"ServiceRow"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Service"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"title"}},{"kind":"Field","name":{"kind":"Name","value":"state"}},{"kind":"Field","name":{"kind":"Name","value":"replicas"}},{"kind":"Field","name":{"kind":"Name","value":"revision"}},{"kind":"Field","name":{"kind":"Name","value":"commit"}},{"kind":"Field","name":{"kind":"Name","value":"environment"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"code"}}]}},{"kind":"Field","name":{"kind":"Name","value":"recipe"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"name"}}]}},{"kind":"Field","name":{"kind":"Name","value":"update"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"kind"}},{"kind":"Field","name":{"kind":"Name","value":"reasons"}},{"kind":"Field","name":{"kind":"Name","value":"toRevision"}},{"kind":"Field","name":{"kind":"Name","value":"since"}}]}}]}}]} as unknown as DocumentNode<ServicesQuery, ServicesQueryVariables>;
export const ServiceDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"Service"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"environment"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"String"}}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"name"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"String"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"service"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"environment"},"value":{"kind":"Variable","name":{"kind":"Name","value":"environment"}}},{"kind":"Argument","name":{"kind":"Name","value":"name"},"value":{"kind":"Variable","name":{"kind":"Name","value":"name"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"ServiceRow"}},{"kind":"Field","name":{"kind":"Name","value":"ports"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"address"}}]}},{"kind":"Field","name":{"kind":"Name","value":"tasks"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"instance"}},{"kind":"Field","name":{"kind":"Name","value":"state"}},{"kind":"Field","name":{"kind":"Name","value":"since"}},{"kind":"Field","name":{"kind":"Name","value":"restarts"}},{"kind":"Field","name":{"kind":"Name","value":"message"}},{"kind":"Field","name":{"kind":"Name","value":"address"}}]}},{"kind":"Field","name":{"kind":"Name","value":"operation"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"OperationView"}}]}},{"kind":"Field","name":{"kind":"Name","value":"operations"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"last"},"value":{"kind":"IntValue","value":"10"}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"edges"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"node"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"kind"}},{"kind":"Field","name":{"kind":"Name","value":"state"}},{"kind":"Field","name":{"kind":"Name","value":"queuedAt"}}]}}]}}]}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"ServiceRow"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Service"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"title"}},{"kind":"Field","name":{"kind":"Name","value":"state"}},{"kind":"Field","name":{"kind":"Name","value":"replicas"}},{"kind":"Field","name":{"kind":"Name","value":"revision"}},{"kind":"Field","name":{"kind":"Name","value":"commit"}},{"kind":"Field","name":{"kind":"Name","value":"environment"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"code"}}]}},{"kind":"Field","name":{"kind":"Name","value":"recipe"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"name"}}]}},{"kind":"Field","name":{"kind":"Name","value":"update"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"kind"}},{"kind":"Field","name":{"kind":"Name","value":"reasons"}},{"kind":"Field","name":{"kind":"Name","value":"toRevision"}},{"kind":"Field","name":{"kind":"Name","value":"since"}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"OperationView"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Operation"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"kind"}},{"kind":"Field","name":{"kind":"Name","value":"state"}},{"kind":"Field","name":{"kind":"Name","value":"fromRevision"}},{"kind":"Field","name":{"kind":"Name","value":"toRevision"}},{"kind":"Field","name":{"kind":"Name","value":"commit"}},{"kind":"Field","name":{"kind":"Name","value":"requestedBy"}},{"kind":"Field","name":{"kind":"Name","value":"queuedAt"}},{"kind":"Field","name":{"kind":"Name","value":"startedAt"}},{"kind":"Field","name":{"kind":"Name","value":"finishedAt"}},{"kind":"Field","name":{"kind":"Name","value":"steps"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"state"}},{"kind":"Field","name":{"kind":"Name","value":"done"}},{"kind":"Field","name":{"kind":"Name","value":"of"}},{"kind":"Field","name":{"kind":"Name","value":"detail"}},{"kind":"Field","name":{"kind":"Name","value":"startedAt"}},{"kind":"Field","name":{"kind":"Name","value":"finishedAt"}}]}},{"kind":"Field","name":{"kind":"Name","value":"cause"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"message"}},{"kind":"Field","name":{"kind":"Name","value":"exitCode"}},{"kind":"Field","name":{"kind":"Name","value":"lastLines"}}]}}]}}]} as unknown as DocumentNode<ServiceQuery, ServiceQueryVariables>;
export const DeployServiceDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"DeployService"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"input"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"DeployServiceInput"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"deployService"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"input"},"value":{"kind":"Variable","name":{"kind":"Name","value":"input"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"service"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"ServiceRow"}}]}},{"kind":"Field","name":{"kind":"Name","value":"operation"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"OperationView"}}]}},{"kind":"Field","name":{"kind":"Name","value":"cursor"}},{"kind":"Field","name":{"kind":"Name","value":"errors"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"Problem"}}]}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"ServiceRow"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Service"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"title"}},{"kind":"Field","name":{"kind":"Name","value":"state"}},{"kind":"Field","name":{"kind":"Name","value":"replicas"}},{"kind":"Field","name":{"kind":"Name","value":"revision"}},{"kind":"Field","name":{"kind":"Name","value":"commit"}},{"kind":"Field","name":{"kind":"Name","value":"environment"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"code"}}]}},{"kind":"Field","name":{"kind":"Name","value":"recipe"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"name"}}]}},{"kind":"Field","name":{"kind":"Name","value":"update"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"kind"}},{"kind":"Field","name":{"kind":"Name","value":"reasons"}},{"kind":"Field","name":{"kind":"Name","value":"toRevision"}},{"kind":"Field","name":{"kind":"Name","value":"since"}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"OperationView"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Operation"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"kind"}},{"kind":"Field","name":{"kind":"Name","value":"state"}},{"kind":"Field","name":{"kind":"Name","value":"fromRevision"}},{"kind":"Field","name":{"kind":"Name","value":"toRevision"}},{"kind":"Field","name":{"kind":"Name","value":"commit"}},{"kind":"Field","name":{"kind":"Name","value":"requestedBy"}},{"kind":"Field","name":{"kind":"Name","value":"queuedAt"}},{"kind":"Field","name":{"kind":"Name","value":"startedAt"}},{"kind":"Field","name":{"kind":"Name","value":"finishedAt"}},{"kind":"Field","name":{"kind":"Name","value":"steps"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"state"}},{"kind":"Field","name":{"kind":"Name","value":"done"}},{"kind":"Field","name":{"kind":"Name","value":"of"}},{"kind":"Field","name":{"kind":"Name","value":"detail"}},{"kind":"Field","name":{"kind":"Name","value":"startedAt"}},{"kind":"Field","name":{"kind":"Name","value":"finishedAt"}}]}},{"kind":"Field","name":{"kind":"Name","value":"cause"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"message"}},{"kind":"Field","name":{"kind":"Name","value":"exitCode"}},{"kind":"Field","name":{"kind":"Name","value":"lastLines"}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"Problem"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"UserError"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"field"}},{"kind":"Field","name":{"kind":"Name","value":"message"}}]}}]} as unknown as DocumentNode<DeployServiceMutation, DeployServiceMutationVariables>;
export const RebuildServiceDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"RebuildService"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"service"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"ID"}}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"idempotencyKey"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"String"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"rebuildService"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"input"},"value":{"kind":"ObjectValue","fields":[{"kind":"ObjectField","name":{"kind":"Name","value":"service"},"value":{"kind":"Variable","name":{"kind":"Name","value":"service"}}},{"kind":"ObjectField","name":{"kind":"Name","value":"idempotencyKey"},"value":{"kind":"Variable","name":{"kind":"Name","value":"idempotencyKey"}}}]}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"operation"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"OperationView"}}]}},{"kind":"Field","name":{"kind":"Name","value":"cursor"}},{"kind":"Field","name":{"kind":"Name","value":"errors"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"Problem"}}]}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"OperationView"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Operation"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"kind"}},{"kind":"Field","name":{"kind":"Name","value":"state"}},{"kind":"Field","name":{"kind":"Name","value":"fromRevision"}},{"kind":"Field","name":{"kind":"Name","value":"toRevision"}},{"kind":"Field","name":{"kind":"Name","value":"commit"}},{"kind":"Field","name":{"kind":"Name","value":"requestedBy"}},{"kind":"Field","name":{"kind":"Name","value":"queuedAt"}},{"kind":"Field","name":{"kind":"Name","value":"startedAt"}},{"kind":"Field","name":{"kind":"Name","value":"finishedAt"}},{"kind":"Field","name":{"kind":"Name","value":"steps"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"state"}},{"kind":"Field","name":{"kind":"Name","value":"done"}},{"kind":"Field","name":{"kind":"Name","value":"of"}},{"kind":"Field","name":{"kind":"Name","value":"detail"}},{"kind":"Field","name":{"kind":"Name","value":"startedAt"}},{"kind":"Field","name":{"kind":"Name","value":"finishedAt"}}]}},{"kind":"Field","name":{"kind":"Name","value":"cause"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"message"}},{"kind":"Field","name":{"kind":"Name","value":"exitCode"}},{"kind":"Field","name":{"kind":"Name","value":"lastLines"}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"Problem"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"UserError"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"field"}},{"kind":"Field","name":{"kind":"Name","value":"message"}}]}}]} as unknown as DocumentNode<RebuildServiceMutation, RebuildServiceMutationVariables>;
export const RemoveServiceDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"RemoveService"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"service"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"ID"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"removeService"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"input"},"value":{"kind":"ObjectValue","fields":[{"kind":"ObjectField","name":{"kind":"Name","value":"service"},"value":{"kind":"Variable","name":{"kind":"Name","value":"service"}}}]}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"operation"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"OperationView"}}]}},{"kind":"Field","name":{"kind":"Name","value":"errors"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"Problem"}}]}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"OperationView"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Operation"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"kind"}},{"kind":"Field","name":{"kind":"Name","value":"state"}},{"kind":"Field","name":{"kind":"Name","value":"fromRevision"}},{"kind":"Field","name":{"kind":"Name","value":"toRevision"}},{"kind":"Field","name":{"kind":"Name","value":"commit"}},{"kind":"Field","name":{"kind":"Name","value":"requestedBy"}},{"kind":"Field","name":{"kind":"Name","value":"queuedAt"}},{"kind":"Field","name":{"kind":"Name","value":"startedAt"}},{"kind":"Field","name":{"kind":"Name","value":"finishedAt"}},{"kind":"Field","name":{"kind":"Name","value":"steps"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"state"}},{"kind":"Field","name":{"kind":"Name","value":"done"}},{"kind":"Field","name":{"kind":"Name","value":"of"}},{"kind":"Field","name":{"kind":"Name","value":"detail"}},{"kind":"Field","name":{"kind":"Name","value":"startedAt"}},{"kind":"Field","name":{"kind":"Name","value":"finishedAt"}}]}},{"kind":"Field","name":{"kind":"Name","value":"cause"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"message"}},{"kind":"Field","name":{"kind":"Name","value":"exitCode"}},{"kind":"Field","name":{"kind":"Name","value":"lastLines"}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"Problem"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"UserError"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"field"}},{"kind":"Field","name":{"kind":"Name","value":"message"}}]}}]} as unknown as DocumentNode<RemoveServiceMutation, RemoveServiceMutationVariables>;
export const ServiceChangedDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"subscription","name":{"kind":"Name","value":"ServiceChanged"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"filter"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"ServiceChangeFilter"}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"after"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"Cursor"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"serviceChanged"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"filter"},"value":{"kind":"Variable","name":{"kind":"Name","value":"filter"}}},{"kind":"Argument","name":{"kind":"Name","value":"after"},"value":{"kind":"Variable","name":{"kind":"Name","value":"after"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"cursor"}},{"kind":"Field","name":{"kind":"Name","value":"state"}},{"kind":"Field","name":{"kind":"Name","value":"replicas"}},{"kind":"Field","name":{"kind":"Name","value":"revision"}},{"kind":"Field","name":{"kind":"Name","value":"commit"}},{"kind":"Field","name":{"kind":"Name","value":"removed"}},{"kind":"Field","name":{"kind":"Name","value":"service"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"ServiceRow"}}]}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"ServiceRow"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Service"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"title"}},{"kind":"Field","name":{"kind":"Name","value":"state"}},{"kind":"Field","name":{"kind":"Name","value":"replicas"}},{"kind":"Field","name":{"kind":"Name","value":"revision"}},{"kind":"Field","name":{"kind":"Name","value":"commit"}},{"kind":"Field","name":{"kind":"Name","value":"environment"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"code"}}]}},{"kind":"Field","name":{"kind":"Name","value":"recipe"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"name"}}]}},{"kind":"Field","name":{"kind":"Name","value":"update"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"kind"}},{"kind":"Field","name":{"kind":"Name","value":"reasons"}},{"kind":"Field","name":{"kind":"Name","value":"toRevision"}},{"kind":"Field","name":{"kind":"Name","value":"since"}}]}}]}}]} as unknown as DocumentNode<ServiceChangedSubscription, ServiceChangedSubscriptionVariables>;
export const UpdatesDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"Updates"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"filter"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"UpdateFilter"}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"first"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"Int"}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"after"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"String"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"cursor"}},{"kind":"Field","name":{"kind":"Name","value":"updates"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"filter"},"value":{"kind":"Variable","name":{"kind":"Name","value":"filter"}}},{"kind":"Argument","name":{"kind":"Name","value":"first"},"value":{"kind":"Variable","name":{"kind":"Name","value":"first"}}},{"kind":"Argument","name":{"kind":"Name","value":"after"},"value":{"kind":"Variable","name":{"kind":"Name","value":"after"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"totalCount"}},{"kind":"Field","name":{"kind":"Name","value":"unreadCount"}},{"kind":"Field","name":{"kind":"Name","value":"pageInfo"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"hasNextPage"}},{"kind":"Field","name":{"kind":"Name","value":"endCursor"}}]}},{"kind":"Field","name":{"kind":"Name","value":"edges"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"node"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"UpdateView"}}]}}]}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"UpdateView"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Update"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"kind"}},{"kind":"Field","name":{"kind":"Name","value":"reasons"}},{"kind":"Field","name":{"kind":"Name","value":"since"}},{"kind":"Field","name":{"kind":"Name","value":"read"}},{"kind":"Field","name":{"kind":"Name","value":"fromRevision"}},{"kind":"Field","name":{"kind":"Name","value":"toRevision"}},{"kind":"Field","name":{"kind":"Name","value":"changes"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"path"}},{"kind":"Field","name":{"kind":"Name","value":"before"}},{"kind":"Field","name":{"kind":"Name","value":"after"}},{"kind":"Field","name":{"kind":"Name","value":"secret"}}]}},{"kind":"Field","name":{"kind":"Name","value":"service"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"environment"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"code"}}]}},{"kind":"Field","name":{"kind":"Name","value":"recipe"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"name"}}]}},{"kind":"Field","name":{"kind":"Name","value":"operation"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}}]}}]}}]}}]} as unknown as DocumentNode<UpdatesQuery, UpdatesQueryVariables>;
export const UpdateAvailableDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"subscription","name":{"kind":"Name","value":"UpdateAvailable"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"filter"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"UpdateFilter"}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"after"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"Cursor"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"updateAvailable"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"filter"},"value":{"kind":"Variable","name":{"kind":"Name","value":"filter"}}},{"kind":"Argument","name":{"kind":"Name","value":"after"},"value":{"kind":"Variable","name":{"kind":"Name","value":"after"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"cursor"}},{"kind":"Field","name":{"kind":"Name","value":"update"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"UpdateView"}}]}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"UpdateView"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Update"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"kind"}},{"kind":"Field","name":{"kind":"Name","value":"reasons"}},{"kind":"Field","name":{"kind":"Name","value":"since"}},{"kind":"Field","name":{"kind":"Name","value":"read"}},{"kind":"Field","name":{"kind":"Name","value":"fromRevision"}},{"kind":"Field","name":{"kind":"Name","value":"toRevision"}},{"kind":"Field","name":{"kind":"Name","value":"changes"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"path"}},{"kind":"Field","name":{"kind":"Name","value":"before"}},{"kind":"Field","name":{"kind":"Name","value":"after"}},{"kind":"Field","name":{"kind":"Name","value":"secret"}}]}},{"kind":"Field","name":{"kind":"Name","value":"service"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"environment"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"code"}}]}},{"kind":"Field","name":{"kind":"Name","value":"recipe"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"name"}}]}},{"kind":"Field","name":{"kind":"Name","value":"operation"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}}]}}]}}]}}]} as unknown as DocumentNode<UpdateAvailableSubscription, UpdateAvailableSubscriptionVariables>;
export const UpdateEventsDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"subscription","name":{"kind":"Name","value":"UpdateEvents"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"filter"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"UpdateFilter"}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"after"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"Cursor"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"updates"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"filter"},"value":{"kind":"Variable","name":{"kind":"Name","value":"filter"}}},{"kind":"Argument","name":{"kind":"Name","value":"after"},"value":{"kind":"Variable","name":{"kind":"Name","value":"after"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"__typename"}},{"kind":"Field","name":{"kind":"Name","value":"cursor"}},{"kind":"Field","name":{"kind":"Name","value":"update"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"UpdateView"}}]}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"UpdateView"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Update"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"kind"}},{"kind":"Field","name":{"kind":"Name","value":"reasons"}},{"kind":"Field","name":{"kind":"Name","value":"since"}},{"kind":"Field","name":{"kind":"Name","value":"read"}},{"kind":"Field","name":{"kind":"Name","value":"fromRevision"}},{"kind":"Field","name":{"kind":"Name","value":"toRevision"}},{"kind":"Field","name":{"kind":"Name","value":"changes"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"path"}},{"kind":"Field","name":{"kind":"Name","value":"before"}},{"kind":"Field","name":{"kind":"Name","value":"after"}},{"kind":"Field","name":{"kind":"Name","value":"secret"}}]}},{"kind":"Field","name":{"kind":"Name","value":"service"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"environment"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"code"}}]}},{"kind":"Field","name":{"kind":"Name","value":"recipe"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"name"}}]}},{"kind":"Field","name":{"kind":"Name","value":"operation"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}}]}}]}}]}}]} as unknown as DocumentNode<UpdateEventsSubscription, UpdateEventsSubscriptionVariables>;