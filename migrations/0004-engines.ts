import type { MigrationInterface, QueryRunner } from "typeorm";

/** What services on an engine have: a pinned image, a name of somebody else's, changes by hand. */
export class Engines0000000000004 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const statement of statements) {
      await runner.query(statement);
    }
  }

  async down(): Promise<void> {
    throw new Error("Migrations go forward only; restore a backup instead.");
  }
}

const statements = [
  // What may be shown of `connection`, which is encrypted.
  "alter table environment add engine jsonb",

  "alter table operation add image text",
  "alter table service add deployed_image text",
  "alter table operation add undo jsonb",

  "alter table service add adopted text",
  "create unique index service_adopted on service (environment_id, adopted) where adopted is not null and removed_at is null",

  "alter table service add drift jsonb",
  "alter table service_update add drift jsonb",
];
