// The SQL about logical slots, with parsed rows.
import { z } from "zod";
import type { Sql } from "./queries.ts";

const FailoverSlotRow = z.object({ slot_name: z.string(), synced: z.boolean(), active: z.boolean() });

/** The logical slots with failover, and synchronized_standby_slots; none before PostgreSQL 17. */
export async function readFailoverSlots(sql: Sql) {
  const rows = await sql`
    select slot_name::text, to_jsonb(s)->>'synced' = 'true' as synced, active from pg_replication_slots s
    where to_jsonb(s)->>'failover' = 'true' and not temporary order by slot_name`;
  const setting = await sql`select coalesce(current_setting('synchronized_standby_slots', true), '') as names`;
  return {
    slots: z.array(FailoverSlotRow).parse([...rows]).map((s) => ({
      name: s.slot_name,
      synced: s.synced,
      active: s.active,
    })),
    standbySlots: z.string().parse(setting[0]?.names),
  };
}
