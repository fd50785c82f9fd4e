import type { DataSource } from "typeorm";
import { type Connections, connectionContext } from "../domain/connection.js";
import { OperationFailure } from "../errors.js";
import type { DriverKind } from "../operations/driver.js";
import type { SecretBox } from "./secrets.js";

/** The connections that environments of one kind were given. Kept nowhere else: a change counts on all servers at once. */
export class StoredConnections<Connection> implements Connections<Connection> {
  constructor(
    private readonly kind: DriverKind,
    private readonly dataSource: DataSource,
    private readonly secretBox: SecretBox,
  ) {}

  async environments(): Promise<string[]> {
    const rows: { id: string }[] = await this.dataSource.query(
      "select id from environment where driver = $1 and deleted_at is null order by id",
      [this.kind],
    );
    return rows.map(({ id }) => id);
  }

  async of(environmentId: string): Promise<Connection> {
    const [row]: { code: string; connection: Buffer | null }[] = await this.dataSource.query(
      "select code, connection from environment where id = $1 and driver = $2",
      [environmentId, this.kind],
    );
    if (!row?.connection) {
      const which = row?.code ?? environmentId;
      const message = `Environment ${which} names no engine: give it one with updateEnvironment.`;
      throw new OperationFailure("ENGINE_UNREACHABLE", message);
    }
    return JSON.parse(this.secretBox.decrypt(row.connection, connectionContext(environmentId)));
  }
}
