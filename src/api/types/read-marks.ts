import { Field, ID, InputType, Int, ObjectType } from "type-graphql";
import { UpdateFilter } from "./filters.js";
import { Payload } from "./payloads.js";
import { Cursor } from "./scalars.js";

@InputType({ description: "Which Updates to mark: those that satisfy all that is given." })
export class MarkUpdatesReadInput {
  @Field(() => [ID], {
    nullable: true,
    description: "Ids; those of Updates that have gone meanwhile are passed over.",
  })
  updates?: string[] | null;

  @Field(() => UpdateFilter, { nullable: true, description: "Those a list with this filter shows." })
  filter?: UpdateFilter | null;

  @Field(() => Cursor, {
    nullable: true,
    description:
      "Only those that have not arisen or changed after this: the `Query.cursor` that was read with the list, or the cursor of the last event that was shown. Without it they are marked as they are now, seen or not.",
  })
  upTo?: bigint | null;

  @Field(() => Boolean, { nullable: true, description: "False: as unread again; true when absent." })
  read?: boolean | null;
}

@ObjectType({ description: "What markUpdatesRead answers.", simpleResolvers: true })
export class MarkUpdatesReadPayload extends Payload {
  @Field(() => Int, { nullable: true, description: "How many were marked; null with errors." })
  count?: number | null;
}
