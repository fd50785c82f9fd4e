import { Arg, ID, Resolver, Root, Subscription } from "type-graphql";
import { hasEnded, type Operation, snapshotOf } from "../../domain/operation.js";
import { RequestError } from "../../errors.js";
import type { LoggedEvent, OperationSnapshot } from "../../events/event-map.js";
import { abortable } from "../abortable.js";
import { visibleEnvironment } from "../access.js";
import type { RequestContext } from "../context.js";
import type { Feed } from "../feed.js";
import { type LogLine, operationLogFeed } from "../operation-log-feed.js";
import { decodeKey, encodeKey } from "../paging.js";
import { progressFeed } from "../progress-feed.js";
import { LogLineType, OperationProgressType } from "../types/operation.js";
import { Cursor } from "../types/scalars.js";
import { operationAt } from "../views.js";

interface Asked<After> {
  args: { operation: string; after?: After | null };
  context: RequestContext;
}

const operation = { description: "Id of the operation." };

@Resolver()
export class OperationSubscriptions {
  @Subscription(() => OperationProgressType, {
    description: "Follows an operation from its first step on, whenever asked; completes after its verdict.",
    subscribe: progressOf,
  })
  operationProgress(
    @Root() { cursor, payload }: LoggedEvent,
    @Arg("operation", () => ID, operation) _operation: string,
    @Arg("after", () => Cursor, { nullable: true, description: "Only what happened after this." })
    _after: bigint | null,
  ) {
    return { cursor, operation: operationAt(payload as OperationSnapshot) };
  }

  @Subscription(() => [LogLineType], {
    description:
      "Follows an operation's log from its first line on, whenever asked; completes after its last.",
    subscribe: logOf,
  })
  operationLog(
    @Root() lines: LogLine[],
    @Arg("operation", () => ID, operation) _operation: string,
    @Arg("after", () => String, {
      nullable: true,
      description: "Only what follows the line with this cursor.",
    })
    _after: string | null,
  ) {
    return lines.map((line) => ({ ...line, cursor: encodeKey(String(line.seq)) }));
  }
}

/** @throws RequestError NO_SUCH_OPERATION, also for one that may not be seen */
async function find(context: RequestContext, id: string): Promise<Operation> {
  const found = await context.loaders.operation.load(id);
  if (!found || !(await visibleEnvironment(context, found.environmentId))) {
    throw new RequestError("NO_SUCH_OPERATION", `There is no operation ${id.slice(0, 80)}.`);
  }
  return found;
}

/** Its events, from the first that is still kept; how it is now when none is. */
async function progressOf({ args, context }: Asked<bigint>): Promise<Feed | AsyncIterable<never>> {
  const operation = await find(context, args.operation);
  return progressFeed(context, {
    id: operation.id,
    after: args.after ?? null,
    ended: hasEnded(operation.state),
    now: { type: "OPERATION_CHANGED", payload: snapshotOf(operation) },
    isLast: ({ payload }) => hasEnded((payload as OperationSnapshot).state),
  });
}

async function logOf({ args, context }: Asked<string>): Promise<AsyncIterable<LogLine[]>> {
  const { id: operationId } = await find(context, args.operation);
  const { dataSource, hints } = context.deps;
  const after = args.after ? BigInt(decodeKey(args.after, "after", context.listings.log.keyPattern)) : 0n;
  return abortable((signal) => operationLogFeed({ operationId, after, dataSource, hints, signal }));
}
