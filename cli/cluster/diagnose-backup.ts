// PURE: what is wrong with barman and its backups, from what it reports.
import type { BarmanStatus } from "../../core/protocol/status.ts";
import { spanText } from "../map/words.ts";
import { error, type Finding, warning } from "./finding.ts";
import type { Member } from "./gather.ts";

/** What is wrong with the backups. */
export function backup(member: Member): Finding[] {
  if (!("status" in member) || member.status.component !== "barman") return [];
  const status: BarmanStatus = member.status;
  const check = `run \`barman check ${status.server}\` in that container`;
  return [
    ...(status.receiving ? [] : [
      error(
        member.host,
        ["receives no WAL", status.because],
        check,
        "what is written now cannot be restored from a backup",
      ),
    ]),
    ...(status.checkOk !== true && status.checkFailures.length > 0
      ? [
        error(
          member.host,
          [
            status.checkOk === null ? "nobody knows whether backups are sound" : "barman check fails",
            status.checkFailures.join("; "),
          ],
          check,
          "the next backup may fail, or may not be restored",
        ),
      ]
      : []),
    ...(status.cloud?.failing
      ? [
        warning(
          member.host,
          ["backups do not reach the object store", status.cloud.failing.what],
          status.cloud.failing.fix,
          "what is missing there is lost with the volume of this container",
        ),
      ]
      : []),
    ...notRestorable(member.host, status),
    ...gaps(member.host, status),
    ...taken(member.host, status),
    ...(status.backupSource?.fix
      ? [
        warning(
          member.host,
          ["takes full backups only", status.backupSource.kindBecause],
          status.backupSource.fix,
          "each backup copies everything, which takes longer and more room",
        ),
      ]
      : []),
    ...status.kept.filter((k) => k.silentMs >= silentMs).map((k) => keptForNobody(member.host, k)),
  ];
}

/** The catalog is read at the start; a backup begins within this time, and is copied within that, milliseconds. */
const catalogMs = 120_000;
const lateMs = 3_600_000;
const longMs = 24 * 3_600_000;

/** A node that is being restored may be restarted meanwhile: from this on it is worth a word, milliseconds. */
const silentMs = 600_000;

function keptForNobody(host: string, { backup, node, silentMs }: BarmanStatus["kept"][number]): Finding {
  const minutes = Math.floor(silentMs / 60_000);
  return warning(
    host,
    `keeps backup ${backup} and all WAL since for a restore of ${node}, which has not answered for ${minutes} minutes`,
    `start ${node}; if it is gone for good, type in that container: postdock barman keep ${backup} --release`,
    "the retention policy removes neither it nor that WAL, and the volume fills",
  );
}

function gaps(host: string, { gaps = 0 }: BarmanStatus): Finding[] {
  if (gaps === 0) return [];
  const fix = "a base backup after the gap is taken by itself; `postdock barman list` shows the moments that remain";
  const what = `the WAL history has gaps: ${gaps === 1 ? "one timeline misses" : `${gaps} timelines miss`} WAL`;
  return [warning(host, what, fix, "a restore to a time within a gap is impossible")];
}

/** The last backup that was restored as a test. */
function notRestorable(host: string, { verified }: BarmanStatus): Finding[] {
  if (verified === null || verified.error === null) return [];
  const fix = "take another with postdock barman backup in that container, then type: postdock barman verify";
  const what = `backup ${verified.backup} could not be restored when it was tried`;
  return [error(host, [what, verified.error], fix, "after a loss of all nodes it may not bring the data back")];
}

/** Whether there are backups, and whether they are taken as the schedule asks. */
function taken(host: string, status: BarmanStatus): Finding[] {
  const { backups, backupFailed = null, backupOverdueMs = null, backupRunsMs, lastBackup, server } = status;
  if (backups === null) {
    if (status.uptimeSeconds * 1000 < catalogMs) return [];
    const what = "which backups there are is not known: the catalog could not be read since the start";
    return [warning(host, what, `see the log of ${host}`, "nobody sees whether there is one to restore from")];
  }
  const older = `a restore begins with ${lastBackup}, and replays all WAL since`;
  if (backupFailed !== null && backupRunsMs === null) {
    const fix =
      `correct what is named there, until \`barman check ${server}\` in that container passes; it is tried again by ` +
      "itself, or type in that container: postdock barman backup";
    const said = ["the last base backup failed", backupFailed.because] as const;
    return backups === 0
      ? [error(host, said, fix, "there is no backup: nothing can be restored if the data of all nodes are lost")]
      : [warning(host, said, fix, older)];
  }
  if (backups === 0) return [noBackup(host, status)];
  if (backupOverdueMs === null || backupOverdueMs < lateMs || (backupRunsMs !== null && backupRunsMs < longMs)) {
    return [];
  }
  const late = `BACKUP_SCHEDULE has asked for another one for ${spanText(backupOverdueMs)}`;
  const runs = backupRunsMs === null ? "" : `, and one has been under way for ${spanText(backupRunsMs)}`;
  const fix = backupRunsMs === null
    ? `see the log of ${host} for why none is taken, or type in that container: postdock barman backup`
    : `see the log of ${host} for how far it is, and whether the node that it copies is slow`;
  return [warning(host, ["the newest base backup is too old", `it is ${lastBackup}; ${late}${runs}`], fix, older)];
}

function noBackup(host: string, { backupRunsMs, backupWanted }: BarmanStatus): Finding {
  const what = "there is no backup yet";
  const consequence = "nothing can be restored if the data of all nodes are lost";
  if (backupRunsMs !== null) {
    const seconds = Math.round(backupRunsMs / 1000);
    return warning(host, `${what}: one has been under way for ${seconds} s`, "wait until it is complete", consequence);
  }
  if (backupWanted === null) {
    return warning(host, what, "wait for BACKUP_SCHEDULE, or type: postdock barman backup", consequence);
  }
  return warning(host, what, `it is taken as soon as it can be; if none begins, see the log of ${host}`, consequence);
}
