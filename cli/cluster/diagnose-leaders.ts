// PURE: whether all agree on which node leads: second primaries, data that have diverged, pools that write elsewhere, no heir.
import { bytesAhead } from "../../core/postgres/lsn.ts";
import { sizeText } from "../../core/words/amounts.ts";
import { error, type Finding, warning } from "./finding.ts";
import type { Cluster } from "./gather.ts";
import { nextLeader, type SeenNode } from "./next-leader.ts";

export function leaders(cluster: Cluster): Finding[] {
  const { primary, nodes } = cluster;
  if (primary === null) return [];
  return [
    ...nodes.filter((n) => n.status.node.id !== primary.status.node.id).flatMap((n) => differs(n, primary)),
    ...pools(cluster, primary),
    ...heir(cluster, primary),
  ];
}

function differs({ host, status }: SeenNode, primary: SeenNode): Finding[] {
  const { role, systemIdentifier, timeline, lsn, upstream } = status.postgres;
  const leading = primary.status.postgres;
  const held = primary.status.lease.held ? `, which holds the lease of term ${primary.status.lease.term}` : "";
  if (systemIdentifier !== null && leading.systemIdentifier !== null && systemIdentifier !== leading.systemIdentifier) {
    return [error(
      host,
      [
        "has the data of another cluster",
        `its system identifier is ${systemIdentifier}, not ${leading.systemIdentifier}`,
      ],
      `mount the right volume there; if nothing of its data is needed, type: postdock cluster reinit ${host}`,
      "it has no copy of what the primary writes, and never leads",
    )];
  }
  if (role === "primary") {
    return [error(
      host,
      [
        "says it is primary as well",
        `on timeline ${timeline}; the primary is ${primary.host} on timeline ${leading.timeline}${held}`,
      ],
      `wait: it stops by itself and follows; if it goes on for a minute, stop its container and see the log of ${host}`,
      "what is written there directly is lost when it follows",
    )];
  }
  if (role !== "standby" || timeline === null || leading.timeline === null) return [];
  const beyond = lsn !== null && leading.lsn !== null && timeline === leading.timeline && upstream?.streaming !== true
    ? bytesAhead(lsn, leading.lsn)
    : 0;
  if (timeline <= leading.timeline && beyond <= 0) return [];
  const evidence = timeline > leading.timeline
    ? `it is on timeline ${timeline}, the primary ${primary.host} on ${leading.timeline}`
    : `it has ${sizeText(beyond)} of WAL beyond the end of the primary ${primary.host}`;
  return [error(
    host,
    ["has diverged from the primary", evidence],
    `wait: it is rewound or cloned by itself; if it is not, type: postdock cluster reinit ${host}`,
    "it cannot stream, and what it has beyond the primary is lost when it follows",
  )];
}

function pools({ members, nodes }: Cluster, primary: SeenNode): Finding[] {
  return members.flatMap((m) => {
    if (!("status" in m) || m.status.component !== "pgpool") return [];
    const { primary: writes, backends } = m.status;
    const target = nodes.find((n) => n.host === writes);
    const wrong = target !== undefined && target.status.node.id !== primary.status.node.id
      ? [error(
        m.host,
        ["sends writes to another node than the primary", `to ${writes}, but ${primary.host} is the primary`],
        `wait: pgpool follows within seconds; if it does not, see the log of ${m.host}`,
        "writes through it fail or wait",
      )]
      : [];
    const useless = backends.filter((b) =>
      (b.status === "up" || b.status === "waiting") && (b.truth === "unreachable" || b.truth === "not-in-service")
    );
    const attached = useless.map(({ id, host, truth }) =>
      warning(
        m.host,
        [`backend ${id} (${host}) is attached, and does not serve`, `it is ${truth}`],
        `wait until it is detached automatically; if it is not, see the log of ${m.host}, and start ${host}`,
        "reads that pgpool sends there fail",
      )
    );
    return [...wrong, ...attached];
  });
}

/** What the other findings do not say of a standby that could not be promoted. */
function heir(cluster: Cluster, primary: SeenNode): Finding[] {
  const { members, nodes } = cluster;
  const { lease, forced, postgres } = primary.status;
  const said = lease.mode !== "on" || forced || lease.refusals.length > 0 || nodes.some((n) => n.status.paused.on) ||
    members.some((m) => "error" in m && lease.voters.includes(m.host));
  const others = nodes.filter((n) => n.status.node.id !== primary.status.node.id && n.status.partners.length > 0);
  const streams = ({ status }: SeenNode) =>
    status.postgres.upstream?.streaming === true && status.postgres.timeline === postgres.timeline;
  if (said || !others.some(streams)) return [];
  const left = nodes.filter((n) => n.status.node.id !== primary.status.node.id);
  const { leader, because } = nextLeader({ cluster, gone: new Set([primary.host]), nodes: left });
  if (leader !== null) return [];
  return [warning(
    "cluster",
    [`no standby would take over if ${primary.host} died now`, because],
    `correct what it says; \`postdock cluster what-if ${primary.host}\` shows when one would`,
    "if the primary is lost, nothing can be written until an operator acts",
  )];
}
