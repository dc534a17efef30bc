// PURE: what is wrong with a pgpool, from what it reports: its backends, sessions and logins.
import type { PgpoolStatus } from "../../core/protocol/status.ts";
import { error, type Finding, warning } from "./finding.ts";
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

/** The part of the sessions that may be in use before it is reported. */
const muchUsed = 0.9;

/**
 * pgpool 4.6 passes no reason on when a node refuses its login, as where pg_hba.conf has hostnossl lines alone: unlike libpq it
 * does not try again without TLS.
 */
const noReason = /failed:\s*$/;

function fixOfLogin(why: string, host: string): string {
  if (noReason.test(why)) {
    return "see which lines the user has in pg_hba.conf of the nodes, whose log says what it refuses; if all are hostnossl, " +
      "set ssl:off in CONFIGS of pgpool, or make them host lines";
  }
  return `give CHECK_USER and CHECK_PASSWORD the values of the database, and see the log of ${host}`;
}

/** Sessions that are nearly, or wholly, in use, and logins that do not get through. */
export function sessions(host: string, { sessions, noLogin }: Pick<PgpoolStatus, "sessions" | "noLogin">): Finding[] {
  const raise =
    `raise num_init_children in CONFIGS of ${host} and max_connections on the nodes, or end clients that idle`;
  const wait = "once all are in use, a client waits until another one leaves";
  const full = sessions !== null && sessions.busy >= sessions.total;
  if (full) return [error(host, `all ${sessions.total} sessions are in use, and the next client waits`, raise, wait)];
  if (noLogin !== null) {
    return [error(host, noLogin, fixOfLogin(noLogin, host), "no client gets in through this pool")];
  }
  if (sessions === null || sessions.busy < sessions.total * muchUsed) return [];
  return [warning(host, `${sessions.busy} of ${sessions.total} sessions are in use`, raise, wait)];
}
