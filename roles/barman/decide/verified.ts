// PURE: what the last verification of a backup has found, as it is kept on disk and shown.
import { z } from "zod";

/** One verification. Times are milliseconds since 1970. */
export const VerifiedSchema = z.object({
  backup: z.string(),
  atMs: z.number(),
  tookMs: z.number(),
  /** the last commit that was there after the recovery; null: WAL held none */
  reached: z.string().nullable(),
  /** why it failed; null: nothing is wrong with the backup */
  error: z.string().nullable(),
});
export type Verified = z.infer<typeof VerifiedSchema>;

/** What `barman list` says of it. */
export function verifiedText({ backup, atMs, tookMs, reached, error }: Verified): string {
  const when = new Date(atMs).toISOString().slice(0, 19) + "Z";
  if (error !== null) return `verification of ${backup} at ${when} FAILED: ${error}`;
  const to = reached === null ? "" : `, up to the commit at ${reached}`;
  return `${backup} was restored and checked at ${when}, in ${Math.round(tookMs / 1000)} s${to}`;
}
