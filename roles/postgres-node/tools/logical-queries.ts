// The SQL about logical slots, with parsed rows.
import { z } from "zod";
import type { Sql } from "./queries.ts";

const FailoverSlotRow = z.object({ slot_name: z.string(), synced: z.boolean(), active: z.boolean() });

/** The logical slots with failover, and synchronized_standby_slots. */
export async function readFailoverSlots(sql: Sql) {
  const rows = await sql`
    select slot_name::text, synced, active from pg_replication_slots where failover and not temporary order by slot_name`;
  const setting = await sql`select current_setting('synchronized_standby_slots') as names`;
  return {
    slots: z.array(FailoverSlotRow).parse([...rows]).map((s) => ({
      name: s.slot_name,
      synced: s.synced,
      active: s.active,
    })),
    standbySlots: z.string().parse(setting[0]?.names),
  };
}
