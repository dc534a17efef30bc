// PURE: what is wrong with one node, and what to type.
import type { NodeStatus } from "../../core/protocol/status.ts";
import { remedyFor } from "../../core/postgres/remedy.ts";
import { room } from "./diagnose-room.ts";
import { slots } from "./diagnose-slots.ts";
import { error, type Finding, warning } from "./finding.ts";
import type { Cluster } from "./gather.ts";

/** A server that has not answered its agent for so long is reported, milliseconds. */
const silentMs = 10_000;
/** A standby whose replay is further behind than this is reported, seconds. */
const muchLag = 30;

const noService = "nobody can use this node, and its data do not move on";
const oldData = "its clients read data of any age, and it may lack what the primary has if it is to lead";
const ofRoles = "logins with these roles fail now, or after the next change of the primary";
const ofSettings = "the server does not run as it is configured, perhaps only until its next start";

/** What a mode that is not kept means. */
const unkept = (mode: string) =>
  mode === "strict"
    ? "commits wait until that is corrected"
    : "a commit that is acknowledged now may be lost with the primary";

/** The findings about this node alone. */
export function node(host: string, status: NodeStatus, { primary }: Cluster): Finding[] {
  const { postgres } = status;
  const findings: Finding[] = [];
  const log = `see the log of ${host}; \`postdock cluster history\` shows what it did`;
  const { trouble } = status;
  const fix = trouble?.fix ?? log;
  if (status.fenced !== null) findings.push(error(host, ["is fenced", status.fenced], log, noService));
  else if (status.phase !== "running") {
    const because = trouble === null ? `${status.phase}, ${status.doing} (${status.because})` : trouble.because;
    const votes = status.unhealthy === null ? "" : "; it counts as unhealthy, and votes all the same";
    findings.push(error(host, ["does not serve", `${because}${votes}`], fix, noService));
  }
  if (status.phase === "running" && status.observedAgoMs > silentMs) {
    const said = `its server has not answered for ${Math.round(status.observedAgoMs / 1000)} s`;
    const look = "look for a disk that hangs, or too little CPU: docker stats; a primary gives way by itself if it can";
    findings.push(error(host, said, look, "what is said of it here is as old, and nobody may be able to use it"));
  }
  const { mode, degraded } = status.consistency;
  if (degraded !== null) {
    const fix = "bring back the missing standbys";
    findings.push(
      error(host, [`CONSISTENCY=${mode} cannot be kept`, degraded], fix, unkept(mode)),
    );
  }
  if (status.forced) {
    const fix = "start the missing voters, or replace them in PARTNER_NODES";
    const consequence =
      "a node that cannot be seen from here may lead as well, and one of the two loses what it writes";
    findings.push(
      warning(host, "was forced to become primary, and votes alone until a majority is back", fix, consequence),
    );
  }
  if (status.paused.on && primary?.host === host) {
    const consequence = "if the primary is lost, no node leads until the pause ends";
    findings.push(warning("cluster", "automatic failover is paused", "type: postdock cluster resume", consequence));
  }
  if (postgres.role === "standby" && status.phase === "running") {
    if (postgres.upstream?.streaming !== true) {
      const why = trouble === null ? "" : `: ${trouble.because}`;
      const from = postgres.upstream?.host ?? "any upstream";
      findings.push(error(host, `does not stream from ${from}${why}`, fix, oldData));
    } else if (postgres.replayPaused) {
      const why = trouble === null ? "" : `: ${trouble.because}`;
      const resume = "if nobody needs it so, type on it: select pg_wal_replay_resume()";
      findings.push(error(host, `its replay of WAL is paused${why}`, trouble?.fix ?? resume, oldData));
    } else if ((postgres.lagSeconds ?? 0) > muchLag) {
      const fix = "see its pg_stat_activity: long queries delay replay; if there are none, its disk may be slow";
      const consequence = "its clients read old data, and a failover to it waits for its replay";
      findings.push(warning(host, `is ${Math.round(postgres.lagSeconds!)} s behind`, fix, consequence));
    }
  }
  if (postgres.role !== "standby" && status.phase === "running" && trouble !== null) {
    findings.push(
      error(host, trouble.because, trouble.fix, "the primary works in part only, or not after its next start"),
    );
  }
  findings.push(...status.roles.map(({ because, fix }) => warning(host, because, fix, ofRoles)));
  findings.push(...status.settings.map(({ because, fix }) => warning(host, because, fix, ofSettings)));
  findings.push(...room(host, status), ...slots(host, status.server));
  if (status.phase === "running" && !status.repmgrd.running) {
    const { because } = status.repmgrd;
    const what = because === null ? "repmgrd does not run" : `repmgrd is held back: ${because}`;
    const remedy = because && remedyFor(because, { host });
    const consequence = "repmgr's own view and its events are missing; the agent fails over by itself";
    findings.push(
      warning(host, what, remedy ?? `wait, it is restarted automatically; if it ends again, ${log}`, consequence),
    );
  }
  return findings;
}
