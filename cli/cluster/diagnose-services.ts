// PURE: what is wrong with pgpool and barman, from what they report.
import type { BarmanStatus, PgpoolStatus } from "../../core/protocol/status.ts";
import { error, type Finding, warning } from "./finding.ts";
import { sessions } from "./diagnose-pool.ts";
import type { Member } from "./gather.ts";

/** What is wrong with a pool. */
export function pool(member: Member): Finding[] {
  if (!("status" in member) || member.status.component !== "pgpool") return [];
  const status: PgpoolStatus = member.status;
  const none = status.primary === null
    ? [
      error(
        member.host,
        ["sends writes to no node", status.because],
        "see `postdock cluster show`",
        "no client can write through it",
      ),
    ]
    : [];
  return [
    ...none,
    ...sessions(member.host, status),
    ...status.backends.flatMap((b) => {
      if (b.truth === "false-primary" || b.truth === "foreign") {
        const what = b.truth === "foreign"
          ? "belongs to another cluster"
          : "says it is primary, but a newer primary exists";
        return [
          error(
            member.host,
            `backend ${b.id} (${b.host}) ${what}; it gets no clients`,
            "see the log of that node",
            "what is written there directly is not part of the cluster",
          ),
        ];
      }
      const serving = b.truth === "primary" || b.truth === "standby";
      return serving && b.status === "down"
        ? [
          warning(
            member.host,
            `backend ${b.id} (${b.host}) serves, but is detached`,
            `wait until it is attached automatically; if it is not, see the log of ${member.host}`,
            "it gets no reads of this pool",
          ),
        ]
        : [];
    }),
  ];
}

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
    ...(status.checkOk === false
      ? [
        error(
          member.host,
          ["barman check fails", status.checkFailures.join("; ")],
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
    ...(status.backups === 0 ? [noBackup(member.host, status)] : []),
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
