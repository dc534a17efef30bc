// PURE: what is wrong with a cluster, why it matters, and what to type. From what its containers say of themselves.
import { leastVoters } from "../../config/quorum.ts";
import { staleMs } from "../../core/protocol/signing.ts";
import { comparePosition, type WalPosition } from "../../core/postgres/lsn.ts";
import { lacksRoom } from "../../core/postgres/room.ts";
import { sizeText } from "../../core/words/amounts.ts";
import type { NodeStatus } from "../../core/protocol/status.ts";
import { backup, pool } from "./diagnose-services.ts";
import { error, type Finding, warning } from "./finding.ts";
import type { Cluster } from "./gather.ts";

/** Replay further behind than this is told, seconds. */
const muchLag = 30;
/** Less free than this part of the volume is told. */
const littleRoom = 0.05;
/** Clocks further apart than this are told, milliseconds: message signatures allow for staleMs. */
const clocksApartMs = 60_000;

/** All findings, errors first. An empty list: nothing is wrong. */
export function diagnose(cluster: Cluster): Finding[] {
  const findings = [
    ...silence(cluster),
    ...leadership(cluster),
    ...lease(cluster),
    ...cluster.nodes.flatMap(({ host, status }) => node(host, status, cluster)),
    ...cluster.members.flatMap(pool),
    ...cluster.members.flatMap(backup),
    ...sameness(cluster),
  ];
  return findings.toSorted((a, b) => Number(a.level === "warning") - Number(b.level === "warning"));
}

function silence({ members }: Cluster): Finding[] {
  return members.flatMap((m) =>
    "error" in m
      ? [
        error(
          m.host,
          `does not answer on port 8080: ${m.error}`,
          `start its container, or see its log and the network`,
        ),
      ]
      : []
  );
}

function leadership({ primary, nodes, members }: Cluster): Finding[] {
  if (primary) return [];
  const voters = [...new Set(nodes.flatMap((n) => n.status.lease.voters))];
  const missing = members.flatMap((m) => "error" in m && voters.includes(m.host) ? [m.host] : []);
  const first = nodes.filter((n) => n.status.partners.includes(n.host));
  const best = first.toSorted((a, b) => comparePosition(positionOf(b.status), positionOf(a.status)))[0];
  if (missing.length * 2 < voters.length || !best) {
    return [
      error("cluster", "no primary is in sight", "`postdock cluster history` tells what happened; it is tried again"),
    ];
  }
  return [error(
    "cluster",
    `no primary, and no majority to make one: ${missing.join(", ")} of the voters ${voters.join(", ")} do not answer`,
    `start ${missing.join(", ")}; where they are gone for good: postdock cluster failover --force ${best.host}`,
  )];
}

/** A node that does not say what it has comes after all that do. */
function positionOf({ postgres }: NodeStatus): WalPosition {
  return { timeline: postgres.timeline ?? 0, lsn: postgres.lsn ?? "0/0" };
}

function lease({ nodes, primary }: Cluster): Finding[] {
  const first = nodes.filter((n) => n.status.partners.length > 0);
  const off = first.find((n) => n.status.lease.mode === "off");
  if (off) {
    const { voters, because } = off.status.lease;
    const ways = voters.length < leastVoters
      ? "a third node in PARTNER_NODES, a pgpool or barman container in QUORUM_OBSERVERS of all, or QUORUM=off to accept " +
        "plain repmgr behaviour"
      : "set QUORUM=on on all nodes";
    return [warning("cluster", `no lease keeps a second primary from being: ${because}`, ways)];
  }
  const findings: Finding[] = [];
  if (primary?.status.lease.mode === "bootstrap") {
    findings.push(warning("cluster", primary.status.lease.because, "start the other nodes of PARTNER_NODES"));
  }
  if (primary?.status.lease.mode === "on") {
    const { refusals, voters } = primary.status.lease;
    // the primary learns of a voter that was away only once it answers again: what a voter says itself is newer
    const unsaid = first.filter(({ host, status }) =>
      voters.includes(host) && status.lease.grantedTo !== primary.host &&
      !refusals.some((r) => r.startsWith(`${host}: `))
    );
    const missing = [...refusals, ...unsaid.map(unsaidText)];
    const spare = voters.length - (Math.floor(voters.length / 2) + 1) - missing.length;
    for (const refusal of missing) {
      const what = `a voter does not grant the lease: ${refusal}`;
      const fix = "correct what it names; with one voter less the primary may have to stop";
      findings.push((spare < 1 ? error : warning)(primary.host, what, fix));
    }
  }
  return findings;
}

function unsaidText({ host, status }: Cluster["nodes"][number]): string {
  const { grantedTo } = status.lease;
  return `${host}: ${grantedTo === null ? "it has not since it started" : `it has granted it to ${grantedTo}`}`;
}

function node(host: string, status: NodeStatus, { primary }: Cluster): Finding[] {
  const { postgres } = status;
  const findings: Finding[] = [];
  const log = `see the log of ${host}; \`postdock cluster history\` tells what it did`;
  if (status.fenced !== null) findings.push(error(host, `is fenced: ${status.fenced}`, log));
  else if (status.phase !== "running") {
    findings.push(error(host, `does not serve: ${status.phase}, ${status.doing} (${status.because})`, log));
  }
  if (status.consistency.degraded !== null) {
    const fix = "bring the missing standbys back";
    findings.push(
      error(host, `CONSISTENCY=${status.consistency.mode} is not kept: ${status.consistency.degraded}`, fix),
    );
  }
  if (status.forced) {
    const fix = "start the missing voters, or name others in PARTNER_NODES";
    findings.push(warning(host, "was forced to lead and votes alone until a majority is back", fix));
  }
  if (status.paused.on && primary?.host === host) {
    findings.push(warning("cluster", "automatic failover is paused", "postdock cluster resume"));
  }
  if (postgres.role === "standby" && status.phase === "running") {
    if (postgres.upstream?.streaming !== true) {
      findings.push(error(host, `does not stream from ${postgres.upstream?.host ?? "any upstream"}`, log));
    } else if ((postgres.lagSeconds ?? 0) > muchLag) {
      const fix = "long queries on it hold replay up, or its disk is slow: see pg_stat_activity there";
      findings.push(warning(host, `is ${Math.round(postgres.lagSeconds!)} s behind`, fix));
    }
  }
  if (status.disk !== null && status.disk.freeBytes < status.disk.totalBytes * littleRoom) {
    const fix = "make its volume larger, or free space on it; slots that keep WAL: select * from pg_replication_slots";
    const level = lacksRoom(status.disk.freeBytes) ? error : warning;
    findings.push(level(host, `has ${sizeText(status.disk.freeBytes)} free where its data is`, fix));
  }
  if (status.phase === "running" && !status.repmgrd.running) {
    findings.push(warning(host, "repmgrd does not run", `it is started again by itself; ${log}`));
  }
  return findings;
}

/** What has to be the same everywhere, or nearly. */
function sameness({ members, nodes }: Cluster): Finding[] {
  const findings: Finding[] = [];
  const answered = members.flatMap((m) => "status" in m ? [m] : []);
  const versions = new Set(answered.map((m) => m.status.postdock));
  if (versions.size > 1) {
    const told = answered.map((m) => `${m.host} ${m.status.postdock}`).join(", ");
    findings.push(warning("cluster", `PostDock differs: ${told}`, "finish the update of all containers"));
  }
  const lists = Map.groupBy(
    nodes.filter((n) => n.status.lease.voters.length > 0),
    (n) => n.status.lease.voters.toSorted().join(","),
  );
  if (lists.size > 1) {
    const told = [...lists].map(([voters, same]) => `${same.map((n) => n.host).join(", ")}: ${voters}`).join("; ");
    const fix = "set PARTNER_NODES and QUORUM_OBSERVERS the same on all nodes and observers";
    findings.push(error("cluster", `the nodes name different voters: ${told}`, fix));
  }
  for (const { host, clockAheadMs } of answered) {
    if (Math.abs(clockAheadMs) < clocksApartMs) continue;
    const what = `its clock is ${Math.round(Math.abs(clockAheadMs) / 1000)} s ${clockAheadMs > 0 ? "ahead" : "behind"}`;
    const refused = Math.abs(clockAheadMs) > staleMs;
    const told = refused ? `${what}: what it signs is refused` : what;
    findings.push((refused ? error : warning)(host, told, "set the time of that machine, by NTP"));
  }
  return findings;
}
