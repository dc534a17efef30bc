// The SQL about nodes from which a base backup may be copied.
import { z } from "zod";
import type { Summaries } from "../decide/backup-kind.ts";
import type { StandbyState } from "../decide/backup-source.ts";
import { readHistory, type Sql } from "./queries.ts";

const StandbyRow = z.object({
  in_recovery: z.boolean(),
  system_identifier: z.string(),
  streaming: z.boolean(),
  timeline: z.number().int().nullable(),
  replay_lsn: z.string().nullable(),
  paused: z.boolean(),
  checkpoint_timeline: z.number().int(),
  checkpoint_lsn: z.string(),
  feeds: z.coerce.number(),
});

/** What a standby says of itself, as far as a base backup depends on it. */
export async function readStandby(sql: Sql): Promise<Omit<StandbyState, "summaries">> {
  const rows = await sql`
    select r.in_recovery,
      (select system_identifier::text from pg_control_system()) as system_identifier,
      coalesce((select status = 'streaming' from pg_stat_wal_receiver), false) as streaming,
      (select received_tli from pg_stat_wal_receiver) as timeline,
      pg_last_wal_replay_lsn()::text as replay_lsn,
      case when r.in_recovery then pg_is_wal_replay_paused() else false end as paused,
      c.timeline_id as checkpoint_timeline,
      c.redo_lsn::text as checkpoint_lsn,
      (select count(*) from pg_stat_replication where state in ('streaming', 'catchup')) as feeds
    from (select pg_is_in_recovery() as in_recovery) r, pg_control_checkpoint() c`;
  const row = StandbyRow.parse(rows[0]);
  const history = row.timeline === null ? [] : await readHistory(sql, row.timeline);
  return {
    inRecovery: row.in_recovery,
    systemIdentifier: row.system_identifier,
    streaming: row.streaming,
    timeline: row.timeline,
    forkLsn: history.at(-1)?.endLsn ?? null,
    replayLsn: row.replay_lsn,
    paused: row.paused,
    checkpoint: { timeline: row.checkpoint_timeline, lsn: row.checkpoint_lsn },
    feeds: row.feeds,
  };
}

/** The WAL summaries of a node that end at an LSN or after it. */
export async function readSummaries(sql: Sql, lsn: string): Promise<Summaries> {
  const [setting] = await sql`select coalesce(current_setting('summarize_wal', true), 'off') as value`;
  const on = z.object({ value: z.string() }).parse(setting).value === "on";
  const rows = on
    ? await sql`
      select start_lsn::text as start, end_lsn::text as end from pg_available_wal_summaries()
      where end_lsn >= ${lsn}::pg_lsn`
    : [];
  return { on, ranges: z.array(z.object({ start: z.string(), end: z.string() })).parse([...rows]) };
}
