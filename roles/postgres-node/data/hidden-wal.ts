// Finds the file of pg_wal that hides WAL which is already here (decide/hidden-wal.ts), and removes it before a start.
import { join } from "node:path";
import { exists, listDirectory, listFilled, readPiece, remove, syncDirectory } from "../../../core/runtime/files.ts";
import type { Log } from "../../../core/runtime/log.ts";
import { compareLsn, formatLsn, parseLsn, type TimelineFork } from "../../../core/postgres/lsn.ts";
import {
  copiesOf,
  type CopyEnd,
  hiddenBy,
  type HiddenWal,
  type MeasuredCopy,
  reachesFork,
  type WalCopy,
  type WalDirectory,
} from "../decide/hidden-wal.ts";
import { readControlData } from "../observe/control-data.ts";
import { readWalEnd } from "../observe/waldump.ts";
import { readJournal } from "./journal.ts";
import { readHistory } from "./timelines.ts";

const pageBytes = 8192;
/** Of a page header: magic, flags, timeline, and the LSN at which the page begins. */
const headerBytes = 16;

/**
 * The files that hide WAL, also beside a running server. Null if none does, or if that cannot be seen. `whole`: files that have
 * been found to hide nothing; while one server runs, they are not read again.
 */
export async function findHidden(pgdata: string, whole = new Set<string>()): Promise<HiddenWal | null> {
  const measured: MeasuredCopy[] = [];
  for (const copy of copiesOf(await readDirectory(pgdata))) {
    if (measured.length === 0 && whole.has(copy.file)) return null;
    const end = await endOf(copy, join(pgdata, "pg_wal"));
    if (end === null) return null;
    measured.push({ ...copy, end });
    if (!reachesFork(copy, end)) continue;
    if (measured.length === 1) whole.add(copy.file);
    break;
  }
  return hiddenBy(measured);
}

/** Before a start: removes the files that hide WAL. What is in them is in the file that is then read, and more. */
export async function uncover(pgdata: string, log: Log): Promise<void> {
  const journal = await readJournal(pgdata);
  if (journal !== null && journal.phase !== "copying") return; // this is no data directory yet
  if (!(await exists(join(pgdata, "PG_VERSION")))) return;
  const hidden = await findHidden(pgdata).catch((error) => {
    log.warn("Whether a file hides WAL could not be seen", { error });
    return null;
  });
  if (hidden === null) return;
  const { kept } = hidden;
  for (const { file, forkLsn, end } of hidden.hiding) {
    log.warn("Removing a WAL file that hides WAL which is already here", {
      file,
      reaches: end.empty ? "nothing" : end.lsn,
      because: `its timeline begins at ${forkLsn}, and ${kept.file} reaches ${kept.end.lsn}; it is received again`,
    });
    await remove(join(pgdata, "pg_wal", file));
  }
  await syncDirectory(join(pgdata, "pg_wal"));
}

async function readDirectory(pgdata: string): Promise<WalDirectory> {
  const control = await readControlData(pgdata);
  const walDirectory = join(pgdata, "pg_wal");
  const histories = new Map<number, readonly TimelineFork[]>();
  for (const name of await listDirectory(walDirectory)) {
    if (!/^[0-9A-F]{8}\.history$/.test(name)) continue;
    const timeline = parseInt(name.slice(0, 8), 16);
    histories.set(timeline, await readHistory(pgdata, timeline));
  }
  return {
    redoLsn: control.redoLsn,
    timeline: Math.max(control.checkpoint.timeline, control.minRecoveryEnd?.timeline ?? 0),
    files: await listFilled(walDirectory),
    histories,
    segmentBytes: control.segmentBytes,
  };
}

/** How far the valid WAL of this file reaches; null if that cannot be seen. */
async function endOf(copy: WalCopy, walDirectory: string): Promise<CopyEnd | null> {
  const nothing = { lsn: copy.startLsn, empty: true };
  const { bytes, totalBytes } = await readPiece(join(walDirectory, copy.file), 0, headerBytes);
  // pg_waldump does not read a file that does not begin as WAL of this place does: it was not written yet, or had another name
  if (bytes.length < headerBytes || bytes.readBigUInt64LE(8) !== parseLsn(copy.segmentLsn)) return nothing;
  const written = parseLsn(copy.segmentLsn) + BigInt(totalBytes - totalBytes % pageBytes);
  const endLsn = formatLsn(written);
  if (compareLsn(endLsn, copy.startLsn) <= 0) return nothing;
  const stretch = { startLsn: copy.startLsn, endLsn, files: [copy.firstFile, copy.file] } as const;
  const { lsn, stderr } = await readWalEnd(walDirectory, stretch, 60_000);
  if (lsn !== null) return { lsn, empty: false };
  return /could not find a valid record/.test(stderr) ? nothing : null;
}
