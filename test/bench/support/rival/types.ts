import { Field, ID, Int, ObjectType, registerEnumType } from "type-graphql";
import { Column, Entity, PrimaryColumn } from "typeorm";
import type { RecipeSpec } from "../../../../src/domain/recipe-spec.js";

/**
 * The usual way: one class is both the row and the GraphQL type. Names, columns and meanings are those of
 * Rebake's own schema, so that both servers read the same tables and give the same answers.
 */
enum ServiceState {
  STARTING = "STARTING",
  RUNNING = "RUNNING",
  DEGRADED = "DEGRADED",
  STOPPED = "STOPPED",
  UNKNOWN = "UNKNOWN",
}
export enum UpdateKind {
  UPGRADE = "UPGRADE",
  UPDATE = "UPDATE",
}
enum UpdateReason {
  RECIPE = "RECIPE",
  INPUTS = "INPUTS",
  ENVIRONMENT = "ENVIRONMENT",
  IMAGE = "IMAGE",
  CODE = "CODE",
  DRIFT = "DRIFT",
}
enum RecipeType {
  SERVICE = "SERVICE",
  DAEMON = "DAEMON",
  SERVER = "SERVER",
  CLUSTER = "CLUSTER",
  CDN = "CDN",
  SYSTEM = "SYSTEM",
  OTHER = "OTHER",
}
enum EnvVarKind {
  STATIC = "STATIC",
  INPUT = "INPUT",
  COMPUTED = "COMPUTED",
  SECRET = "SECRET",
}
for (const [name, values] of Object.entries({
  ServiceState,
  UpdateKind,
  UpdateReason,
  RecipeType,
  EnvVarKind,
})) {
  registerEnumType(values, { name });
}

@ObjectType()
@Entity("environment")
export class Environment {
  @Field(() => ID)
  @PrimaryColumn("text")
  id!: string;

  @Field()
  @Column("text")
  code!: string;

  @Field()
  @Column("text")
  description!: string;
}

@ObjectType()
@Entity("recipe")
export class Recipe {
  @Field(() => ID)
  @PrimaryColumn("text")
  id!: string;

  @Field()
  @Column("text")
  name!: string;

  @Field(() => String, { nullable: true })
  @Column("text", { nullable: true })
  title!: string | null;

  @Field(() => RecipeType)
  @Column("text")
  type!: RecipeType;

  @Field()
  @Column("text")
  description!: string;

  @Column("integer", { name: "current_revision" })
  currentRevision!: number;
}

@ObjectType("Source")
class SourceType {
  @Field()
  repository!: string;

  @Field()
  branch!: string;
}

@ObjectType("EnvVar")
class EnvVarType {
  @Field()
  name!: string;

  @Field(() => EnvVarKind)
  kind!: EnvVarKind;

  @Field(() => String, { nullable: true })
  value!: string | null;
}

@ObjectType("RecipeSpec")
class RecipeSpecType {
  @Field(() => SourceType, { nullable: true })
  source!: SourceType | null;

  @Field(() => [String], { nullable: true })
  command!: string[] | null;

  @Field(() => [EnvVarType])
  env!: EnvVarType[];
}

@ObjectType()
@Entity("recipe_revision")
export class RecipeRevision {
  @Field(() => ID)
  @PrimaryColumn("text")
  id!: string;

  @Column("text", { name: "recipe_id" })
  recipeId!: string;

  @Field(() => Int)
  @Column("integer")
  number!: number;

  @Field(() => RecipeSpecType)
  @Column("jsonb")
  spec!: RecipeSpec;

  @Field(() => String, { nullable: true })
  @Column("text", { nullable: true })
  message!: string | null;

  @Field()
  @Column("text")
  author!: string;

  @Field()
  @Column("timestamptz", { name: "created_at" })
  createdAt!: Date;
}

@ObjectType()
@Entity("service")
export class Service {
  @Field(() => ID)
  @PrimaryColumn("text")
  id!: string;

  @Column("text", { name: "environment_id" })
  environmentId!: string;

  @Column("text", { name: "recipe_id" })
  recipeId!: string;

  @Field()
  @Column("text")
  name!: string;

  @Field(() => String, { nullable: true })
  @Column("text", { nullable: true })
  title!: string | null;

  @Field(() => ServiceState)
  @Column("text")
  state!: ServiceState;

  @Field(() => Int, { nullable: true })
  @Column("integer", { name: "deployed_revision", nullable: true })
  revision!: number | null;

  @Field(() => String, { nullable: true })
  @Column("text", { name: "deployed_commit", nullable: true })
  commit!: string | null;

  @Column("timestamptz", { name: "removed_at", nullable: true })
  removedAt!: Date | null;
}

@ObjectType()
@Entity("service_update")
export class Update {
  @Field(() => ID)
  @PrimaryColumn("text")
  id!: string;

  @Column("text", { name: "service_id" })
  serviceId!: string;

  @Field(() => [UpdateReason])
  @Column("text", { array: true })
  reasons!: UpdateReason[];

  @Field(() => Int, { nullable: true })
  @Column("integer", { name: "from_revision", nullable: true })
  fromRevision!: number | null;

  @Field(() => Int, { nullable: true })
  @Column("integer", { name: "to_revision" })
  toRevision!: number;

  @Column("text", { name: "from_spec", nullable: true })
  fromSpec!: string | null;

  @Column("text", { name: "to_spec" })
  toSpec!: string;

  @Field()
  @Column("timestamptz")
  since!: Date;

  @Column("timestamptz", { name: "read_at", nullable: true })
  readAt!: Date | null;
}

@ObjectType()
export class FieldChange {
  @Field(() => [String])
  path!: string[];

  @Field(() => String, { nullable: true })
  before!: string | null;

  @Field(() => String, { nullable: true })
  after!: string | null;

  @Field()
  secret!: boolean;
}

export const rivalEntities = [Environment, Recipe, RecipeRevision, Service, Update];
