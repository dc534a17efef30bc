// PURE: a restore in words, and as JSON for programs.
import { sizeText } from "../../../core/words/amounts.ts";
import type { RestorePlan, Stop } from "../decide/restore-plan.ts";
import { timeText } from "../../../core/words/micros.ts";
import { type Target, targetText } from "../decide/target.ts";

/** The plan, one line for each thing that it decides. */
export function renderPlan(plan: RestorePlan, target: Target): string[] {
  const { backup, wal } = plan;
  const ended = backup.endMicros === null ? "" : `, ended ${timeText(backup.endMicros)}`;
  const size = backup.sizeBytes === null ? "of unknown size" : sizeText(backup.sizeBytes);
  return [
    `target    ${targetText(target)}`,
    `backup    ${backup.id}, ${size}${ended}: the newest that can be used`,
    ...(plan.doubt ? [`DOUBTFUL  ${plan.doubt}`] : []),
    ...(backup.parent === null ? [] : [`builds on ${backup.parent}, with which it is combined`]),
    ...(backup.compression === null ? [] : [`unpacked  of ${backup.compression}, before it is used`]),
    `WAL       ${wal.length} files from ${wal[0]?.name} to ${wal.at(-1)?.name}, none missing`,
    `timeline  ${plan.timeline}`,
    `stops     ${stopText(plan.stop)}`,
  ];
}

function stopText(stop: Stop): string {
  if (stop.at === "end") {
    const { last } = stop;
    return `at the end of the last file${
      last ? `; its last commit is transaction ${last.xid} at ${timeText(last.atMicros)}` : ""
    }`;
  }
  if (stop.at === "backup") return "as soon as the backup is consistent: no transaction was committed between";
  if (stop.mark === null) return `before the record at LSN ${stop.lsn}, or the next one`;
  const { kind, xid, atMicros, name } = stop.mark;
  return kind === "commit"
    ? `after the commit of transaction ${xid} at ${timeText(atMicros)}, LSN ${stop.lsn}`
    : `at the restore point ${name}, LSN ${stop.lsn}`;
}

/** The plan for programs. */
export function planJson(plan: RestorePlan): object {
  const { backup, stop, wal } = plan;
  const mark = stop.at === "record" ? stop.mark : stop.at === "end" ? stop.last : null;
  return {
    backup: backup.id,
    timeline: plan.timeline,
    stopsAt: stop.at,
    lsn: stop.at === "record" ? stop.lsn : null,
    lastCommit: mark?.kind === "commit" ? { xid: mark.xid, at: timeText(mark.atMicros) } : null,
    wal: { files: wal.length, from: wal[0]?.name, to: wal.at(-1)?.name },
    parent: backup.parent,
    doubt: plan.doubt ?? null,
    compression: backup.compression,
    backupBytes: backup.sizeBytes,
  };
}
