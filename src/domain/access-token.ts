import { createHash, randomBytes } from "node:crypto";
import { Column, CreateDateColumn, Entity, PrimaryColumn } from "typeorm";

/** Roles come later; the one there is may do everything in its environments. */
export type Role = "ADMIN";

/** Who calls. Only a hash of the token is kept: 256 random bits need no salt. */
@Entity("access_token")
export class AccessToken {
  @PrimaryColumn("text")
  id!: string;

  @Column("text")
  name!: string;

  /** SHA-256 of the token. */
  @Column("bytea")
  hash!: Buffer;

  @Column("text")
  role!: Role;

  /** Codes of the environments it may see and change; null means all. */
  @Column("text", { array: true, nullable: true })
  environments!: string[] | null;

  @CreateDateColumn({ name: "created_at", type: "timestamptz" })
  createdAt!: Date;

  @Column("timestamptz", { name: "expires_at", nullable: true })
  expiresAt!: Date | null;

  @Column("timestamptz", { name: "revoked_at", nullable: true })
  revokedAt!: Date | null;
}

/** What a row of access_token must satisfy to be valid at this very moment, also after waiting for a lock. */
export const stillValid = "revoked_at is null and (expires_at is null or expires_at > clock_timestamp())";

/** A new secret token, `rbk_` and 256 random bits. */
export function newToken(): string {
  return `rbk_${randomBytes(32).toString("base64url")}`;
}

export function hashToken(token: string): Buffer {
  return createHash("sha256").update(token).digest();
}
