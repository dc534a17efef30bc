// Statements on the checkpoints and the WAL of this node's server.
import type { Sql } from "./queries.ts";

export async function checkpoint(sql: Sql): Promise<void> {
  await sql`checkpoint`;
}

/**
 * Completes the first checkpoint after a promotion: until that, the control file has the end of that recovery as the point that
 * a standby has to reach. False if there was no need.
 */
export async function firstCheckpoint(sql: Sql): Promise<boolean> {
  const rows = await sql`
    select not pg_is_in_recovery() and min_recovery_end_lsn <> '0/0' as missing from pg_control_recovery()`;
  if (rows[0]?.missing !== true) return false;
  await checkpoint(sql);
  return true;
}

/** Ends the present WAL segment. */
export async function switchWal(sql: Sql): Promise<void> {
  await sql`select pg_switch_wal()`;
}
