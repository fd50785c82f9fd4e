import { Column, CreateDateColumn, Entity, PrimaryColumn } from "typeorm";

export const credentialKinds = ["GIT", "REGISTRY"] as const;
export type CredentialKind = (typeof credentialKinds)[number];

/** What opens a private repository or registry: named by recipes, its secret never shown. */
@Entity("credential")
export class Credential {
  @PrimaryColumn("text")
  id!: string;

  /** Unique; never changes. */
  @Column("text")
  name!: string;

  @Column("text")
  kind!: CredentialKind;

  @Column("text")
  username!: string;

  /** For REGISTRY: the address it is for, e.g. `registry.example.com:5000`. */
  @Column("text", { nullable: true })
  server!: string | null;

  @CreateDateColumn({ name: "created_at", type: "timestamptz" })
  createdAt!: Date;

  @Column("timestamptz", { name: "updated_at" })
  updatedAt!: Date;
}

/** What a credential's ciphertext is bound to, so that it opens nowhere else. */
export function credentialContext(name: string): string {
  return `credential:${name}`;
}
