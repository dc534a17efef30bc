// What is asked of a server in recovery, and the size of its WAL files.
import { z } from "zod";
import type { Sql } from "./queries.ts";

/** The size of a WAL file, bytes. */
export async function readSegmentBytes(sql: Sql): Promise<number> {
  const rows = await sql`select setting from pg_settings where name = 'wal_segment_size'`;
  return Number(z.string().regex(/^\d+$/).parse(rows[0]?.setting));
}

export interface RecoveryState {
  replayLsn: string | null;
  paused: boolean;
  segmentBytes: number;
}

/** How far a server in recovery is, and whether it waits at its target. */
export async function readRecovery(sql: Sql): Promise<RecoveryState> {
  const rows = await sql`
    select pg_last_wal_replay_lsn()::text as lsn, pg_get_wal_replay_pause_state() = 'paused' as paused`;
  const segmentBytes = await readSegmentBytes(sql);
  return { replayLsn: rows[0]?.lsn ?? null, paused: rows[0]?.paused === true, segmentBytes };
}

/** Ends the WAL receiver, which PostgreSQL starts again, and waits until it has ended. False: there is none. */
export async function endReceiver(sql: Sql): Promise<boolean> {
  const rows = await sql`select pg_terminate_backend(pid, 2000) as ended from pg_stat_wal_receiver`;
  return rows.length > 0;
}
