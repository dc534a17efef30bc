// PURE: what is wrong with one node, and what to type.
import type { NodeStatus } from "../../core/protocol/status.ts";
import { remedyFor } from "../../core/postgres/remedy.ts";
import { room } from "./diagnose-room.ts";
import { error, type Finding, warning } from "./finding.ts";
import type { Cluster } from "./gather.ts";

/** A standby whose replay is further behind than this is reported, seconds. */
const muchLag = 30;

/** The findings about this node alone. */
export function node(host: string, status: NodeStatus, { primary }: Cluster): Finding[] {
  const { postgres } = status;
  const findings: Finding[] = [];
  const log = `see the log of ${host}; \`postdock cluster history\` shows what it did`;
  const { trouble } = status;
  const fix = trouble?.fix ?? log;
  if (status.fenced !== null) findings.push(error(host, `is fenced: ${status.fenced}`, log));
  else if (status.phase !== "running") {
    const because = trouble === null ? `${status.phase}, ${status.doing} (${status.because})` : trouble.because;
    const votes = status.unhealthy === null ? "" : "; it counts as unhealthy, and votes all the same";
    findings.push(error(host, `does not serve: ${because}${votes}`, fix));
  }
  if (status.consistency.degraded !== null) {
    const fix = "bring back the missing standbys";
    findings.push(
      error(host, `CONSISTENCY=${status.consistency.mode} cannot be kept: ${status.consistency.degraded}`, fix),
    );
  }
  if (status.forced) {
    const fix = "start the missing voters, or replace them in PARTNER_NODES";
    findings.push(warning(host, "was forced to become primary, and votes alone until a majority is back", fix));
  }
  if (status.paused.on && primary?.host === host) {
    findings.push(warning("cluster", "automatic failover is paused", "type: postdock cluster resume"));
  }
  if (postgres.role === "standby" && status.phase === "running") {
    if (postgres.upstream?.streaming !== true) {
      const why = trouble === null ? "" : `: ${trouble.because}`;
      findings.push(error(host, `does not stream from ${postgres.upstream?.host ?? "any upstream"}${why}`, fix));
    } else if (postgres.replayPaused) {
      const why = trouble === null ? "" : `: ${trouble.because}`;
      const resume = "if nobody needs it so, type on it: select pg_wal_replay_resume()";
      findings.push(error(host, `its replay of WAL is paused${why}`, trouble?.fix ?? resume));
    } else if ((postgres.lagSeconds ?? 0) > muchLag) {
      const fix = "see its pg_stat_activity: long queries delay replay; if there are none, its disk may be slow";
      findings.push(warning(host, `is ${Math.round(postgres.lagSeconds!)} s behind`, fix));
    }
  }
  if (postgres.role !== "standby" && status.phase === "running" && trouble !== null) {
    findings.push(error(host, trouble.because, trouble.fix));
  }
  findings.push(...[...status.roles, ...status.settings].map(({ because, fix }) => warning(host, because, fix)));
  findings.push(...room(host, status));
  if (status.phase === "running" && !status.repmgrd.running) {
    const { because } = status.repmgrd;
    const what = because === null ? "repmgrd does not run" : `repmgrd is held back: ${because}`;
    const remedy = because && remedyFor(because, { host });
    findings.push(warning(host, what, remedy ?? `wait, it is restarted automatically; if it ends again, ${log}`));
  }
  return findings;
}
