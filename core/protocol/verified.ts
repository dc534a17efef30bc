// PURE: what the last verification of a backup has found, as barman keeps and reports it.
import { z } from "zod";

/** One verification. Times are milliseconds, `atMs` since 1970. */
export const VerifiedSchema = z.object({
  backup: z.string(),
  atMs: z.number(),
  tookMs: z.number(),
  reached: z.string().nullable().meta({ description: "the last commit that was there; null: WAL held none" }),
  error: z.string().nullable().meta({ description: "why it failed; null: nothing is wrong with the backup" }),
});
export type Verified = z.infer<typeof VerifiedSchema>;
