// How a timeline began: the place of its first record in pg_wal, read from this node's directory or over a connection.
// Sizes are those of PostgreSQL 17 (src/include/access/xlog_internal.h and xlogrecord.h), pages of 8 kB.
import { join } from "node:path";
import type { Names } from "../../../core/runtime/names.ts";
import type { Login } from "../../../core/runtime/session.ts";
import { readIfThere, readPiece } from "../../../core/runtime/files.ts";
import { historyName, segmentOf, walName } from "../../../core/postgres/wal-name.ts";
import type { PrimaryTimelines } from "../decide/view.ts";
import {
  compareLsn,
  forkInto,
  formatLsn,
  parseHistory,
  parseLsn,
  type TimelineFork,
  type TimelineOrigin,
  type WalPosition,
} from "../../../core/postgres/lsn.ts";
import { readHeader, readTimelineHistory, type Sql, withRemote } from "../tools/queries.ts";
import { readSegmentBytes } from "../tools/recovery-queries.ts";

const pageBytes = 8192;
const headerOfPage = 24;
const headerOfSegment = 40;
/** Length, transaction, previous record, kind and checksum. */
export const recordHeader = 24;

/** Where the first record after a fork is; null if its header is spread over two pages. */
export function firstRecord(
  timeline: number,
  forkLsn: string,
  segmentBytes: number,
): { file: string; offset: number; endLsn: string } | null {
  const inSegment = Number(parseLsn(forkLsn) % BigInt(segmentBytes));
  const skipped = inSegment === 0 ? headerOfSegment : inSegment % pageBytes === 0 ? headerOfPage : 0;
  const offset = inSegment + skipped;
  if (offset % pageBytes + recordHeader > pageBytes) return null;
  return {
    file: walName(timeline, segmentOf(forkLsn, segmentBytes), segmentBytes),
    offset,
    endLsn: formatLsn(parseLsn(forkLsn) + BigInt(skipped + recordHeader)),
  };
}

/** The origin of the timeline of a data directory whose WAL is valid up to `position`; null for the first timeline. */
export async function readOwnOrigin(
  pgdata: string,
  position: WalPosition,
  segmentBytes: number,
): Promise<TimelineOrigin | null> {
  const { timeline, lsn } = position;
  const history = join(pgdata, "pg_wal", historyName(timeline));
  const forkLsn = parseHistory(await readIfThere(history) ?? "").at(-1)?.endLsn;
  if (forkLsn === undefined) return null;
  const place = firstRecord(timeline, forkLsn, segmentBytes);
  // beyond the end of the WAL, a recycled file may still have its old content
  if (place === null || compareLsn(lsn, place.endLsn) < 0) return { forkLsn, record: null };
  const piece = await readPiece(join(pgdata, "pg_wal", place.file), place.offset, recordHeader).catch(() => null);
  return { forkLsn, record: piece === null ? null : headerText(piece.bytes) };
}

/** The origin of `timeline` according to another server, whose own timeline and history are `there`. */
async function readOriginThere(
  sql: Sql,
  timeline: number,
  there: { timeline: number; history: readonly TimelineFork[] },
): Promise<TimelineOrigin | null> {
  const forkLsn = forkInto(timeline, there);
  if (forkLsn === null) return null;
  const place = firstRecord(timeline, forkLsn, await readSegmentBytes(sql));
  return { forkLsn, record: place && headerText(await readHeader(sql, place.file, place.offset, recordHeader)) };
}

/** The history of another node's timeline and the origin of this node's timeline there. Throws if they cannot be read. */
export async function readTimelines(
  remote: Login,
  names: Names,
  timeline: number,
  ours: number | null,
): Promise<PrimaryTimelines> {
  return await withRemote(remote, names, 3_000, async (sql) => {
    const history = await readTimelineHistory(sql, timeline);
    return { history, origin: ours === null ? null : await readOriginThere(sql, ours, { timeline, history }) };
  });
}

/** Null if the file is gone, ends earlier, or is not written up to there. */
function headerText(bytes: Buffer | null): string | null {
  return bytes?.length === recordHeader && bytes.readUInt32LE(0) !== 0 ? bytes.toString("hex") : null;
}
