// This node's server over its socket: one connection, made again if a query hangs.
import type { NodeConfig } from "../../../config/postgres-node.ts";
import type { SlotRow, Sql } from "./queries.ts";
import * as queries from "./queries.ts";
import { checkpoint, firstCheckpoint, switchWal } from "./checkpoint-queries.ts";
import { endReceiver, readRecovery, type RecoveryState } from "./recovery-queries.ts";
import { readFailoverSlots } from "./logical-queries.ts";
import { isRepmgrdPaused, readRegisteredNodes, removeNodes, unpauseRepmgrd } from "./repmgr-queries.ts";
import { readMissing, readSettings } from "./settings-queries.ts";
import type { SettingsSeen } from "../decide/settings.ts";
import { ensureDatabase } from "./bootstrap-queries.ts";
import { type Passwords, RoleReader, setRole } from "./role-queries.ts";
import type { RoleChange, RoleSeen } from "../decide/roles.ts";
import type { Log } from "../../../core/runtime/log.ts";
import { DeadlineError, withDeadline } from "../../../core/runtime/time.ts";
import { errorText } from "../../../core/words/errors.ts";
import type { ServerSeen } from "../decide/server-seen.ts";

/** One look at the server, milliseconds. */
const lookMs = 3_000;
/** A statement that is quick on a sound server, milliseconds. */
const quickMs = 3_000;
/** SQLSTATE of a database that does not exist. */
const noDatabase = "3D000";
/** A promotion, milliseconds: PostgreSQL itself waits up to 12 s. */
const promoteMs = 15_000;
/** The checkpoint that makes the one of the following shutdown short, milliseconds. */
const checkpointMs = 1_500;
/** The one after a promotion, which has much to write, milliseconds. */
const firstCheckpointMs = 300_000;

/** The superuser of the agent is not there. */
const lacksOwnRole = (error: unknown): error is Error =>
  error instanceof Error && error.message === 'role "postgres" does not exist';

export class LocalServer {
  private connection: Sql;
  private readonly roleReader: RoleReader;

  constructor(
    private readonly config: Pick<NodeConfig, "replicationDb" | "imageVersions" | "postgresUser">,
    private readonly log: Log,
    private readonly passwords: () => Passwords,
    others?: (role: string) => readonly string[],
    limited: string | null = null,
  ) {
    this.roleReader = new RoleReader(passwords, others, limited);
    this.connection = this.connect();
  }

  private connect(settings: Readonly<Record<string, number>> = {}): Sql {
    return queries.connectLocal(this.config.replicationDb, this.config, settings);
  }

  /** For statements that bring their own deadline. */
  get sql(): Sql {
    return this.connection;
  }

  /** Role, positions, downstream and registered nodes. Throws if the server does not answer in time. */
  async look(): Promise<Omit<ServerSeen, "atMs">> {
    const { sql } = this;
    const look = async () => {
      const server = await queries.readServer(sql);
      const downstream = await queries.readDownstream(sql);
      return { ...server, downstream, registered: await readRegisteredNodes(sql) };
    };
    try {
      return await withDeadline(look(), lookMs, "The local server");
    } catch (error) {
      if ((error as { code?: string }).code === noDatabase) await this.makeDatabase();
      if (lacksOwnRole(error)) await this.makeOwnRole(error);
      // the server hangs, or the driver's connection does for good (passing-fault.ts)
      if (error instanceof DeadlineError) this.reconnect(sql);
      throw error;
    }
  }

  /** Throws if a new session of the agent is not let in: the open one goes on whatever is changed. */
  async login(): Promise<void> {
    const sql = this.connect();
    await queries.withConnection(sql, quickMs, (sql) => sql`select`);
  }

  promote(): Promise<void> {
    return withDeadline(queries.promoteServer(this.sql), promoteMs, "pg_promote()");
  }

  recovery(): Promise<RecoveryState> {
    return withDeadline(readRecovery(this.sql), quickMs, "The local server");
  }

  checkpoint(): Promise<void> {
    return withDeadline(checkpoint(this.sql), checkpointMs, "The checkpoint");
  }

  /** On a connection of its own, since a look must not wait for it. */
  async firstCheckpoint(): Promise<boolean> {
    const sql = this.connect({ statement_timeout: firstCheckpointMs });
    return await queries.withConnection(sql, firstCheckpointMs + quickMs, firstCheckpoint);
  }

  switchWal(): Promise<void> {
    return withDeadline(switchWal(this.sql), quickMs, "pg_switch_wal()");
  }

  reload(): Promise<void> {
    return withDeadline(queries.reloadServer(this.sql), quickMs, "The local server");
  }

  endReceiver(): Promise<boolean> {
    return withDeadline(endReceiver(this.sql), quickMs, "The local server");
  }

  async slots(): Promise<{ name: string; active: boolean; keptBytes: number }[]> {
    const rows: SlotRow[] = await withDeadline(queries.readSlots(this.sql), quickMs, "The local server");
    return rows.map((row) => ({ name: row.slot_name, active: row.active, keptBytes: row.kept_bytes }));
  }

  failoverSlots() {
    return withDeadline(readFailoverSlots(this.sql), quickMs, "The local server");
  }

  repmgrdPaused(): Promise<boolean> {
    return withDeadline(isRepmgrdPaused(this.sql), quickMs, "The local server");
  }

  unpauseRepmgrd(): Promise<void> {
    return withDeadline(unpauseRepmgrd(this.sql), quickMs, "The local server");
  }

  forgetNodes(nodeIds: readonly number[]): Promise<void> {
    return withDeadline(removeNodes(this.sql, nodeIds), quickMs, "The local server");
  }

  dropSlot(name: string): Promise<void> {
    return withDeadline(queries.dropSlot(this.sql, name), quickMs, "The local server");
  }

  roles(): Promise<RoleSeen[]> {
    return withDeadline(this.roleReader.read(this.sql), quickMs, "The local server");
  }

  settings(): Promise<SettingsSeen> {
    return withDeadline(readSettings(this.sql), quickMs, "The local server");
  }

  missing(): Promise<string[]> {
    return withDeadline(readMissing(this.sql), quickMs, "The local server");
  }

  setRole(change: RoleChange, password?: string): Promise<void> {
    const passwords = password === undefined ? this.passwords() : { [change.name]: password };
    return withDeadline(setRole(this.sql, change, passwords), quickMs, "The local server");
  }

  async close(): Promise<void> {
    await this.connection.end({ timeout: 0 }).catch(() => {});
  }

  /** REPLICATION_DB is not there: it was changed or dropped. A primary makes it, and repmgr its tables; then the next look sees. */
  private async makeDatabase(): Promise<void> {
    const make = async (sql: Sql) => {
      if ((await queries.readServer(sql)).standby) return;
      await ensureDatabase(sql, { name: this.config.replicationDb, owner: "postgres" });
    };
    await queries.withConnection(queries.connectLocal("postgres", this.config), lookMs, make);
  }

  /** The data directory has POSTGRES_USER for its first superuser, as in 1.x and in the official image. A primary makes the agent's. */
  private async makeOwnRole(error: Error): Promise<void> {
    const { postgresUser } = this.config;
    const make = async (sql: Sql) => {
      if ((await queries.readServer(sql)).standby) return;
      await setRole(sql, { name: "postgres", create: true, rights: "superuser", password: false }, {});
      const because = `it was not there, and ${postgresUser} is a superuser`;
      this.log.info("A role was set right", { role: "postgres", because });
    };
    const sql = queries.connectLocal("template1", this.config, {}, postgresUser);
    await queries.withConnection(sql, lookMs, make).catch((second) => {
      throw new Error(`${error.message}, and ${postgresUser} cannot make it: ${errorText(second)}`);
    });
  }

  private reconnect(hung: Sql): void {
    if (this.connection !== hung) return;
    this.connection = this.connect();
    hung.end({ timeout: 0 }).catch(() => {});
  }
}
