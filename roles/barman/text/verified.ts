// PURE: the last verification of a backup, in words.
import type { Verified } from "../../../core/protocol/verified.ts";

/** What `barman list` says of it. */
export function verifiedText({ backup, atMs, tookMs, reached, error }: Verified): string {
  const when = new Date(atMs).toISOString().slice(0, 19) + "Z";
  if (error !== null) return `verification of ${backup} at ${when} FAILED: ${error}`;
  const to = reached === null ? "" : `, up to the commit at ${reached}`;
  return `${backup} was restored and checked at ${when}, in ${Math.round(tookMs / 1000)} s${to}`;
}
