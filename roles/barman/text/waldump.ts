// PURE: what pg_waldump prints of commits and restore points.

import { microsOf } from "../../../core/words/micros.ts";

/** A place in WAL at which a restore can stop. */
export interface Mark {
  kind: "commit" | "restore-point";
  /** where its record begins */
  lsn: string;
  /** the transaction that was committed; 0 for a restore point */
  xid: number;
  /** microseconds since 1970; of a restore point it is not read: 0 */
  atMicros: bigint;
  /** of a restore point; otherwise empty */
  name: string;
}

const record = /^rmgr: \S+\s+len .*?, tx:\s+(\d+), lsn: ([0-9A-F]+\/[0-9A-F]+), prev \S+, desc: (.*)$/;
const commit = /^COMMIT(?:_PREPARED)? (?:(\d+): )?(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)\.(\d{6}) UTC\b/;

/** The commit or restore point in a line of pg_waldump's, which was asked for with TZ=UTC; null if it is another record. */
export function parseMark(line: string): Mark | null {
  const [, tx = "0", lsn = "", desc = ""] = record.exec(line) ?? [];
  const committed = commit.exec(desc);
  if (committed !== null) {
    const [, prepared, day, time, micros = "0"] = committed;
    const atMicros = microsOf(`${day}T${time}Z`, micros) ?? 0n;
    return { kind: "commit", lsn: trimmed(lsn), xid: Number(prepared ?? tx), atMicros, name: "" };
  }
  const [, name] = /^RESTORE_POINT (.*)$/.exec(desc) ?? [];
  return name === undefined ? null : { kind: "restore-point", lsn: trimmed(lsn), xid: 0, atMicros: 0n, name };
}

/** The end of the last valid record, from `pg_waldump --stats`; null if it found none. */
export function parseEnd(output: string): string | null {
  return /^WAL statistics between \S+ and ([0-9A-F]+\/[0-9A-F]+):/m.exec(output)?.[1] ?? null;
}

/** pg_waldump fills the second half with zeros; PostgreSQL's functions do not. */
function trimmed(lsn: string): string {
  const [high = "0", low = "0"] = lsn.split("/");
  return `${high}/${low.replace(/^0+(?=.)/, "")}`;
}
