// PURE: what is wrong with a cluster, why it matters, and what to type, from what its containers report.
import { leastVoters } from "../../config/quorum.ts";
import { startedLately } from "../../core/lease/decide/vote.ts";
import { notPromoted } from "../../core/protocol/trouble.ts";
import { comparePosition, type WalPosition } from "../../core/postgres/lsn.ts";
import { remedyFor } from "../../core/postgres/remedy.ts";
import type { NodeStatus } from "../../core/protocol/status.ts";
import { backup } from "./diagnose-backup.ts";
import { configuration } from "./diagnose-config.ts";
import { leaders } from "./diagnose-leaders.ts";
import { node } from "./diagnose-node.ts";
import { pool } from "./diagnose-pool.ts";
import { tls } from "./diagnose-tls.ts";
import { error, type Finding, warning } from "./finding.ts";
import { type Cluster, restoreUnderWay } from "./gather.ts";
import { unprotected } from "./protection.ts";
import { unseenHolder, unseenText } from "./unseen-holder.ts";
import { sameness } from "./diagnose-sameness.ts";

/** All findings, errors first; empty if nothing is wrong. */
export function diagnose(cluster: Cluster): Finding[] {
  const restore = restoreUnderWay(cluster);
  const findings = [
    ...silence(cluster),
    ...leadership(cluster),
    ...leaders(cluster),
    ...lease(cluster),
    ...protection(cluster),
    ...[
      ...cluster.nodes.flatMap(({ host, status }) => node(host, status, cluster)),
      ...cluster.members.flatMap(pool),
      ...cluster.members.flatMap(backup),
    ].map((f) => restore === null ? f : meanwhile(f, cluster)),
    ...sameness(cluster),
    ...configuration(cluster),
    ...tls(cluster),
  ];
  return findings.toSorted((a, b) => Number(a.level === "warning") - Number(b.level === "warning"));
}

/** What the other containers lack while a node is restored mostly ends with the restore. */
function meanwhile(found: Finding, { nodes }: Cluster): Finding {
  const restored = nodes.some((n) => n.host === found.about && n.status.restore !== null);
  if (restored || found.level === "warning") return found;
  const consequence = "mostly none: it may only follow from the restore; look again after its end";
  return { ...found, level: "warning", consequence };
}

function silence({ members }: Cluster): Finding[] {
  return members.flatMap((m) =>
    "error" in m
      ? [
        error(
          m.host,
          [m.error.startsWith("it answers") ? "is not understood" : "does not answer over HTTP", m.error],
          (m.error.startsWith("the name ") ? remedyFor(m.error, m) : null) ??
            "start its container; if it runs, see its log, check the network, and set the same POSTDOCK_PORT everywhere",
          "it counts as dead: it does not vote, and nobody knows what it has",
        ),
      ]
      : []
  );
}

const noWrites = "nothing can be written, and with no standby in service nothing can be read";

function leadership({ primary, nodes, members }: Cluster): Finding[] {
  if (primary) return [];
  const restore = restoreUnderWay({ nodes });
  if (restore) return [error("cluster", ["no primary is in sight", restore.what], restore.fix, noWrites)];
  const unseen = unseenHolder({ nodes, primary });
  if (unseen) {
    const { trouble } = unseen.status;
    return [error(
      "cluster",
      ["no primary is in sight", `${unseenText(unseen.host)}${trouble === null ? "" : `: ${trouble.because}`}`],
      trouble?.fix ?? `see the log of ${unseen.host}`,
      "pgpool sends no client there, and no other node leads while it holds the lease; clients of the node itself may be served",
    )];
  }
  const voters = [...new Set(nodes.flatMap((n) => n.status.lease.voters))];
  const missing = members.flatMap((m) => "error" in m && voters.includes(m.host) ? [m.host] : []);
  const first = nodes.filter((n) => n.status.partners.includes(n.host));
  const best = first.toSorted((a, b) => comparePosition(positionOf(b.status), positionOf(a.status)))[0];
  const paused = nodes.find((n) => n.status.paused.on);
  if (paused && missing.length * 2 < voters.length) {
    return [error(
      "cluster",
      "no primary is in sight, and automatic failover is paused",
      "type: postdock cluster resume; or start the node that was the primary",
      noWrites,
    )];
  }
  if (missing.length * 2 < voters.length || !best) {
    const refused = nodes.flatMap((n) =>
      n.status.because.startsWith(notPromoted) ? [`${n.host}: ${n.status.because}`] : []
    );
    if (refused.length > 0) {
      const fix = "do what is said there; `postdock cluster history` shows how it came to this";
      return [error("cluster", `no primary is in sight; ${refused.join("; ")}`, fix, noWrites)];
    }
    const troubled = nodes.filter((n) => n.status.trouble !== null).map((n) => n.host).join(", ");
    const first = troubled === "" ? "see `postdock cluster history`" : `mend what is said here of ${troubled}`;
    return [error("cluster", "no primary is in sight", `${first}; the nodes go on trying`, noWrites)];
  }
  return [error(
    "cluster",
    `no primary, and no majority to choose one: ${missing.join(", ")} of the voters ${voters.join(", ")} do not answer`,
    `start ${
      missing.join(", ")
    }, or mend the network between them and here: they may have a primary that is not seen from here; ` +
      `only if they are gone for good, type: postdock cluster failover --force ${best.host}`,
    noWrites,
  )];
}

/** A node that does not report its position ranks below all nodes that do. */
function positionOf({ postgres }: NodeStatus): WalPosition {
  return { timeline: postgres.timeline ?? 0, lsn: postgres.lsn ?? "0/0" };
}

function lease({ nodes, primary, members }: Cluster): Finding[] {
  const first = nodes.filter((n) => n.status.partners.length > 0);
  const off = first.find((n) => n.status.lease.mode === "off");
  if (off) {
    const { voters, because } = off.status.lease;
    const ways = voters.length < leastVoters
      ? "add a third node to PARTNER_NODES, or a pgpool or barman container to QUORUM_OBSERVERS of all nodes, or set " +
        "QUORUM=off to accept plain repmgr behaviour"
      : "set QUORUM=on on all nodes";
    return [
      warning(
        "cluster",
        ["no lease prevents a second primary", because],
        ways,
        "after a network failure two nodes may take writes, and one loses them",
      ),
    ];
  }
  const findings: Finding[] = [];
  const lessVotes = "with too few votes the primary stops, and no other node leads";
  if (primary?.status.lease.mode === "bootstrap") {
    findings.push(
      warning(
        "cluster",
        primary.status.lease.because,
        "start the other nodes of PARTNER_NODES",
        "until then no standby takes over",
      ),
    );
  }
  if (primary?.status.lease.mode === "on") {
    const { refusals, voters } = primary.status.lease;
    // a voter's own report is newer: the primary learns of a voter that was away only once that voter answers it again
    const unsaid = first.filter(({ host, status }) =>
      voters.includes(host) && status.lease.grantedTo !== primary.host &&
      !refusals.some((r) => r.startsWith(`${host}: `))
    );
    // a voter that does not answer at all is reported once, as silent
    const silent = members.flatMap((m) => "error" in m ? [m.host] : []);
    const heard = refusals.filter((r) => !silent.some((host) => r.startsWith(`${host}: `)));
    const missing = [...heard, ...unsaid.map(unsaidText)];
    const spare = voters.length - (Math.floor(voters.length / 2) + 1) - missing.length -
      silent.filter((h) => voters.includes(h)).length;
    for (const refusal of missing) {
      if (refusal.includes(startedLately)) {
        findings.push(
          warning(primary.host, ["a voter does not vote yet", refusal], "wait: it votes within LEASE_TTL", lessVotes),
        );
        continue;
      }
      const fix = "correct the cause that it names; with one voter less the primary may have to stop";
      findings.push(
        (spare < 1 ? error : warning)(primary.host, ["a voter does not grant the lease", refusal], fix, lessVotes),
      );
    }
  }
  return findings;
}

function protection(cluster: Cluster): Finding[] {
  const what = unprotected(cluster);
  const consequence = "no standby can take over, and the last writes exist once";
  return what === null
    ? []
    : [error("cluster", what, "correct what is reported of the standbys, or start them", consequence)];
}

function unsaidText({ host, status }: Cluster["nodes"][number]): string {
  const { grantedTo } = status.lease;
  return `${host}: ${grantedTo === null ? "no grant since it started" : `it has granted the lease to ${grantedTo}`}`;
}
