// Finds out how a moment is restored: from barman's directories, and from the commits in WAL.
import { compareLsn } from "../../../core/postgres/lsn.ts";
import type { WalFile } from "../../../core/postgres/wal-name.ts";
import { lastCommitUntil } from "../decide/commit-search.ts";
import {
  firstMissing,
  gap,
  newestOf,
  planFor,
  type Planned,
  presentTimeline,
  refuse,
  startsOf,
} from "../decide/restore-plan.ts";
import { type Target } from "../decide/target.ts";
import { type Archive, chainTo, rowFrom, type WalChain } from "../decide/wal-chain.ts";
import type { BackupRecord } from "../text/backup-info.ts";
import type { Places } from "../text/places.ts";
import type { Mark } from "../text/waldump.ts";
import { doubtOf } from "../decide/doubt.ts";
import { readSources } from "./archive.ts";
import { readFailures } from "./failures.ts";
import { WalReader, WalUnread } from "./wal-reader.ts";

/** What the operator asks for. */
export interface Asked {
  target: Target;
  /** the id of a backup; null: the best one */
  backup: string | null;
  /** null: the one that the cluster is on */
  timeline: number | null;
  /** a backup whose verification has failed is as good as any other */
  doubtfulToo?: boolean;
}

/** All that is known while a plan is made. */
interface Work {
  asked: Asked;
  starts: readonly BackupRecord[];
  chain: WalChain;
  archive: Archive;
  reader: WalReader;
}

/** The plan, or why there is none; changes nothing. `nowMs`: wall clock. */
export async function planRestore(asked: Asked, places: Places, nowMs: number): Promise<Planned> {
  return await onceMoreIfUnread(() => planNow(asked, places, nowMs));
}

/** The retention policy may remove WAL while it is read: then what is there now is looked at once more. */
export async function onceMoreIfUnread(plan: () => Promise<Planned>, again = true): Promise<Planned> {
  try {
    return await plan();
  } catch (error) {
    if (!(error instanceof WalUnread)) throw error;
    if (again) return await onceMoreIfUnread(plan, false);
    return refuse(
      error.message,
      "see `postdock barman list` for what can be restored now; a moment before that file needs nothing of it",
    );
  }
}

async function planNow(asked: Asked, places: Places, nowMs: number): Promise<Planned> {
  const { backups, archive, received } = await readSources(places);
  if (backups.length === 0) {
    return refuse("there is no finished backup", "take one: postdock barman backup; see `postdock barman list`");
  }
  const timeline = asked.timeline ?? presentTimeline(received, archive);
  const chain = timeline === null ? null : chainTo(timeline, archive);
  if (chain === null) {
    return refuse(
      timeline === null ? "no WAL has been received" : `the history of timeline ${timeline} is not in the archive`,
      "see `postdock barman list` for the timelines that can be restored",
    );
  }
  const all = startsOf(backups, chain);
  const starts = asked.backup === null ? all : all.filter((b) => b.id === asked.backup);
  if (asked.backup !== null && starts.length === 0) {
    const known = backups.some((b) => b.id === asked.backup);
    return refuse(
      known
        ? `backup ${asked.backup} does not lead to timeline ${chain.timeline}, or WAL from before its end is missing`
        : `there is no finished backup ${asked.backup}`,
      `name one of ${
        all.map((b) => b.id).join(", ") || "those that `postdock barman list` shows"
      }, or leave the backup out`,
    );
  }
  await using reader = new WalReader(places, chain.segmentBytes);
  const work = { asked, starts, chain, archive, reader };
  if (asked.doubtfulToo) return await resolve(work, nowMs);
  const failures = await readFailures(places);
  const doubt = (b: BackupRecord) => doubtOf(b.id, failures, backups);
  const sound = asked.backup === null ? starts.filter((b) => doubt(b) === null) : starts;
  const planned = await resolve({ ...work, starts: sound }, nowMs);
  if ("plan" in planned) return { plan: { ...planned.plan, doubt: doubt(planned.plan.backup) } };
  const doubtful = sound.length < starts.length ? await resolve(work, nowMs) : planned;
  return "plan" in doubtful ? refuseDoubtful(doubtful.plan.backup.id, doubt(doubtful.plan.backup)) : planned;
}

function refuseDoubtful(id: string, why: string | null): Planned {
  return refuse(
    `backup ${id} would be needed, and ${why}`,
    `verify it again: postdock barman verify ${id}; to restore from it all the same, name it: --backup ${id}`,
  );
}

async function resolve(work: Work, nowMs: number): Promise<Planned> {
  const { asked: { target }, starts, chain, archive } = work;
  switch (target.kind) {
    case "latest":
      return await atEnd(work);
    case "immediate":
      return planFor({ at: "backup" }, starts, chain, archive);
    case "lsn":
      return await atLsn(target.lsn, work);
    case "time":
      return await atTime(target.atMicros, work, nowMs);
    case "xid":
      return await atMark(
        (m) => m.kind === "commit" && m.xid === target.xid,
        `commit of transaction ${target.xid}`,
        work,
      );
    case "name":
      return await atMark((m) => m.name === target.name, `restore point ${JSON.stringify(target.name)}`, work);
  }
}

async function atEnd({ starts, chain, archive, reader }: Work): Promise<Planned> {
  const planned = planFor({ at: "end" }, starts, chain, archive);
  if (!("plan" in planned)) return planned;
  return { plan: { ...planned.plan, stop: { at: "end", last: await reader.lastCommit(planned.plan.wal) } } };
}

async function atLsn(lsn: string, { starts, chain, archive, reader }: Work): Promise<Planned> {
  const planned = planFor({ at: "record", lsn, included: false, mark: null }, starts, chain, archive);
  if (!("plan" in planned)) return planned;
  const { backup, wal } = planned.plan;
  const last = wal.at(-1)!;
  const end = last.partial || last.name === newestOf(chain, archive)?.name ? await reader.end(last) : null;
  if (end !== null && compareLsn(lsn, end) >= 0) {
    const missing = firstMissing(wal, chain, archive);
    if (missing !== null) return gap(missing, wal, backup);
    return refuse(`LSN ${lsn} lies beyond all WAL that was received, which ends at ${end}`, "give --to latest");
  }
  return planned;
}

async function atTime(atMicros: bigint, work: Work, nowMs: number): Promise<Planned> {
  const { starts, chain, archive, reader } = work;
  if (atMicros > BigInt(nowMs) * 1000n) {
    return refuse("it lies in the future", "give --to latest for all that was received so far");
  }
  const early = planFor({ at: "backup" }, starts, chain, archive, atMicros);
  if (!("plan" in early)) return early;
  const { backup } = early.plan;
  const row = rowFrom(backup.beginSegment, chain);
  const { commit, laterSeen } = await lastCommitUntil(
    row.length,
    (i) => reader.marks(row[i]!, row[i + 1] ?? null),
    atMicros,
  );
  const missing = firstMissing(row, chain, archive);
  if (!laterSeen && missing !== null) return gap(missing, row, backup);
  if (commit === null || compareLsn(commit.lsn, backup.endLsn) < 0) return early;
  return planFor({ at: "record", lsn: commit.lsn, included: true, mark: commit }, [backup], chain, archive);
}

/** All WAL that can be reached from one of these backups, in its order. */
function longestRow(starts: readonly BackupRecord[], chain: WalChain): WalFile[] {
  const found = new Map<bigint, WalFile>();
  for (const { beginSegment } of starts) {
    if (found.has(beginSegment)) continue; // the row of an older backup goes over this one
    for (const file of rowFrom(beginSegment, chain)) found.set(file.segment, file);
  }
  return [...found.values()].toSorted((a, b) => a.segment < b.segment ? -1 : 1);
}

/** Looks from the newest WAL back to the oldest backup. */
async function atMark(is: (mark: Mark) => boolean, what: string, work: Work): Promise<Planned> {
  const { starts, chain, archive, reader } = work;
  const files = longestRow(starts, chain);
  for (let i = files.length - 1; i >= 0; i--) {
    const mark = (await reader.marks(files[i]!, files[i + 1] ?? null)).findLast(is);
    if (mark) return planFor({ at: "record", lsn: mark.lsn, included: true, mark }, starts, chain, archive);
  }
  return refuse(
    files.length === 0
      ? `no backup leads to timeline ${chain.timeline}`
      : `no ${what} is in WAL from ${files[0]?.name} to ${files.at(-1)?.name}`,
    "see `postdock barman list` for what can be restored; --to also takes a time or an LSN",
  );
}
