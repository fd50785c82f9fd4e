import { Column, CreateDateColumn, Entity, PrimaryColumn } from "typeorm";
import type { DriverKind } from "../operations/driver.js";
import type { Engine } from "./connection.js";

/** A value of an environment's own that recipes can use as `$REBAKE_VALUE_<name>`. */
export interface NamedValue {
  name: string;
  value: string;
}

/** A place to run services, with one driver. */
@Entity("environment")
export class Environment {
  @PrimaryColumn("text")
  id!: string;

  /** Unique, upper case, e.g. `DEV`; never changes. */
  @Column("text")
  code!: string;

  @Column("text")
  description!: string;

  @Column("text")
  driver!: DriverKind;

  /** For PROCESS: the id of the home whose server runs it; null for the other drivers. */
  @Column("text", { name: "host_id", nullable: true })
  hostId!: string | null;

  @Column("jsonb")
  values!: NamedValue[];

  /**
   * What may be shown of its connection; null for PROCESS. The connection itself is no field: whoever loads an
   * environment must not have its keys.
   */
  @Column("jsonb", { nullable: true })
  engine!: Engine | null;

  /** Operations at once, of all servers together: 1 to 64. */
  @Column("integer")
  concurrency!: number;

  /** Deleted ones keep their row, for the history of the services they had; their code is free again. */
  @Column("timestamptz", { name: "deleted_at", nullable: true })
  deletedAt!: Date | null;

  @CreateDateColumn({ name: "created_at", type: "timestamptz" })
  createdAt!: Date;
}
