// PURE: what else follows if some containers died: who moves to another upstream, what is left without protection.
import { calledOf } from "./gather.ts";
import type { Left, SeenNode } from "./next-leader.ts";

export interface NotesView extends Left {
  dying: readonly string[];
  /** the primary there would be */
  leader: SeenNode | null;
  voters: { left: number; all: number; majority: boolean };
}

/** Each as a sentence; empty if nothing is worth a word. */
export function notesOf(view: NotesView): string[] {
  return [
    ...alreadySilent(view),
    ...change(view),
    ...services(view),
    ...moves(view),
    ...alone(view),
    ...lastVoter(view),
    ...notGranting(view),
  ];
}

function alreadySilent({ cluster: { members, primary }, dying }: NotesView): string[] {
  const silent = members.filter((m) => "error" in m && !dying.includes(m.host)).map((m) => m.host);
  return [
    ...(primary === null ? ["no primary is in sight now, so that this says less than it could"] : []),
    ...(silent.length === 0 ? [] : [`${silent.join(", ")} cannot be seen now, and counts as dead`]),
  ];
}

/** What a change of the primary takes, and what may keep the next one from leading that cannot be seen from here. */
function change({ cluster: { primary }, leader }: NotesView): string[] {
  if (leader === null || primary === null || leader === primary) return [];
  const { lease, variables } = primary.status;
  const ttl = variables.LEASE_TTL === undefined ? "" : `, at most ${variables.LEASE_TTL} s (LEASE_TTL)`;
  const streams = leader.status.postgres.upstream?.streaming === true;
  return [
    ...(lease.held
      ? [`nothing can be written until the lease of ${primary.host} has run out${ttl}, and for a moment more`]
      : []),
    ...(streams ? [] : [`${leader.host} does not stream now, and leads only if FAILOVER_MAX_DATA_AGE allows it`]),
  ];
}

function services({ cluster: { members }, dying }: NotesView): string[] {
  return members.flatMap((m) => {
    if (!("status" in m) || !dying.includes(m.host)) return [];
    if (m.status.component === "pgpool") {
      return [`the sessions through ${calledOf(m)} end, and its clients need another pgpool`];
    }
    if (m.status.component === "barman") {
      return [`no WAL is archived and no backup is taken until ${calledOf(m)} is back`];
    }
    return [];
  });
}

function moves({ nodes, gone, leader }: NotesView): string[] {
  return nodes.flatMap(({ host, status: { postgres } }) => {
    const from = postgres.upstream?.host;
    if (postgres.role !== "standby" || from === undefined || !gone.has(from) || host === leader?.host) return [];
    return [
      leader === null ? `${host} loses its upstream ${from}` : `${host} follows ${leader.host} instead of ${from}`,
    ];
  });
}

function alone({ cluster, nodes, leader }: NotesView): string[] {
  if (leader === null || cluster.nodes.length < 2) return [];
  const { systemIdentifier } = leader.status.postgres;
  const follows = ({ host, status: { postgres } }: SeenNode) =>
    host !== leader.host && postgres.role === "standby" && postgres.systemIdentifier === systemIdentifier;
  return nodes.some(follows)
    ? []
    : [`no standby is left: what ${leader.host} writes then is on one node only, and is lost with it`];
}

function lastVoter({ leader, voters }: NotesView): string[] {
  if (leader === null || leader.status.lease.mode !== "on" || leader.status.forced || !voters.majority) return [];
  const spare = voters.left - Math.floor(voters.all / 2) - 1;
  return spare > 0 ? [] : ["not one voter more may be lost: without a majority no node is read-write"];
}

function notGranting({ cluster: { primary }, gone }: NotesView): string[] {
  const refusals = primary?.status.lease.refusals ?? [];
  return refusals.filter((r) => !gone.has(r.split(": ")[0]!)).map((r) => `a voter does not grant the lease now: ${r}`);
}
