// PURE: what is wrong with pgpool and barman, from their own word.
import type { BarmanStatus, PgpoolStatus } from "../../core/protocol/status.ts";
import { error, type Finding, warning } from "./finding.ts";
import type { Member } from "./gather.ts";

/** What is wrong with a pool. */
export function pool(member: Member): Finding[] {
  if (!("status" in member) || member.status.component !== "pgpool") return [];
  const status: PgpoolStatus = member.status;
  const none = status.primary === null
    ? [error(member.host, `sends no writes anywhere: ${status.because}`, "see `postdock cluster show`")]
    : [];
  return [
    ...none,
    ...status.backends.flatMap((b) => {
      if (b.truth === "false-primary" || b.truth === "foreign") {
        const what = b.truth === "foreign" ? "is of another cluster" : "says it is primary, and a newer one exists";
        return [
          error(member.host, `backend ${b.id} (${b.host}) ${what}; it gets no clients`, "see the log of that node"),
        ];
      }
      const serving = b.truth === "primary" || b.truth === "standby";
      return serving && b.status === "down"
        ? [
          warning(
            member.host,
            `backend ${b.id} (${b.host}) serves and is detached`,
            `it is attached by itself; see its log`,
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
  const check = `run \`barman check ${status.server}\` there`;
  return [
    ...(status.receiving ? [] : [error(member.host, `receives no WAL: ${status.because}`, check)]),
    ...(status.checkOk === false
      ? [error(member.host, `barman check fails: ${status.checkFailures.join("; ")}`, check)]
      : []),
    ...(status.backups === 0
      ? [warning(member.host, "there is no backup yet", "BACKUP_SCHEDULE makes one; at once: postdock barman backup")]
      : []),
  ];
}
