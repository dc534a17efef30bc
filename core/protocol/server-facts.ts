// PURE: what a running PostgreSQL says of itself that is compared with other containers, or has to be watched.
import { z } from "zod";

const Slot = z.object({
  name: z.string(),
  active: z.boolean().meta({ description: "something streams from it" }),
  forNobody: z.boolean().default(false).meta({
    description: "a logical slot that is a standby's own, and that nobody has used for a minute",
  }),
  wal: z.string().nullable().meta({
    description: "pg_replication_slots.wal_status: reserved, extended, unreserved, lost; null: it keeps none",
  }),
  keptBytes: z.number().nullable().meta({ description: "WAL that it keeps; null: none" }),
  safeBytes: z.number().nullable().meta({
    description: "WAL that may still be written before it loses what it needs; null: there is no bound, or it is lost",
  }),
});
export type SlotFacts = z.infer<typeof Slot>;

export const ServerFactsSchema = z.object({
  version: z.string().meta({ description: "server_version" }),
  connections: z.number().int().meta({ description: "what max_connections leaves for ordinary roles" }),
  slots: z.array(Slot),
});
export type ServerFacts = z.infer<typeof ServerFactsSchema>;
