// PURE: what would happen if some containers died now, from one look at the cluster.
import { isMajority } from "../../core/lease/decide/claim.ts";
import { ExitCode, OperatorError } from "../../core/words/errors.ts";
import { decideSync, waitedFor } from "../../roles/postgres-node/decide/sync.ts";
import { calledOf, type Cluster } from "./gather.ts";
import { type Left, nextLeader, type SeenNode } from "./next-leader.ts";
import { type Loss, noLoss, possibleLoss } from "./possible-loss.ts";
import { notesOf } from "./what-if-notes.ts";

export interface Forecast {
  /** hosts of the containers that would die */
  dying: string[];
  /** host of the primary there would be; null: none */
  leader: string | null;
  because: string;
  /** hosts that would lead instead if they had received more by then */
  others: string[];
  voters: { left: number; all: number; missing: string[]; majority: boolean };
  lost: Loss;
  /** why commits would wait for ever in strict mode; null: they would not */
  blocked: string | null;
  /** for each pgpool that is left: the host that gets writes, or null, and those that get reads */
  pools: { pool: string; writes: string | null; reads: string[] }[];
  notes: string[];
}

/** The hosts that these words name. Throws an OperatorError that lists what could be named. */
export function hostsCalled(words: readonly string[], { members }: Cluster): string[] {
  return [
    ...new Set(words.flatMap((word) => {
      // a host of that name is meant, and not every container of a component that is called so too
      const exact = members.filter((m) => m.host === word);
      const found = exact.length > 0 ? exact : members.filter((m) => "status" in m && isCalled(word, m.status));
      if (found.length > 0) return found.map((m) => m.host);
      const known = members.map((m) =>
        "status" in m && m.status.component === "postgres-node" && m.status.node.name !== m.host
          ? `${m.host} (${m.status.node.name})`
          : calledOf(m)
      );
      throw new OperatorError({
        what: `${word} is not known`,
        fix: `name one or more of ${known.join(", ") || "the containers, none of which answers now"}`,
        exitCode: ExitCode.usage,
      });
    })),
  ];
}

type Status = Extract<Cluster["members"][number], { status: unknown }>["status"];

const isCalled = (word: string, status: Status) =>
  status.component === "postgres-node" ? status.node.name === word : status.component === word;

/** What would follow if these hosts died at the moment of the look. */
export function foresee(cluster: Cluster, dying: readonly string[]): Forecast {
  const gone = new Set([...dying, ...cluster.members.flatMap((m) => "error" in m ? [m.host] : [])]);
  const left: Left = { cluster, gone, nodes: cluster.nodes.filter((n) => !gone.has(n.host)) };
  const voters = votersOf(left);
  const next = leaderOf(left, voters);
  const { leader } = next;
  const commits = leader === null ? null : commitsOf(leader, left);
  return {
    dying: cluster.members.filter((m) => dying.includes(m.host)).map(calledOf),
    leader: leader?.host ?? null,
    because: next.because,
    others: next.others,
    voters,
    lost: lossOf(leader, left),
    blocked: commits?.blocked ?? null,
    pools: poolsOf(leader?.host ?? null, left),
    notes: [...(commits?.notes ?? []), ...notesOf({ ...left, dying, leader, voters })],
  };
}

function votersOf({ cluster: { primary, nodes }, gone }: Left): Forecast["voters"] {
  const all = (primary ?? nodes.find((n) => n.status.lease.voters.length > 0))?.status.lease.voters ?? [];
  const missing = all.filter((v) => gone.has(v));
  const votes = all.length - missing.length;
  return { left: votes, all: all.length, missing, majority: isMajority(votes, all) };
}

interface Next {
  leader: SeenNode | null;
  because: string;
  others: string[];
}

function leaderOf(left: Left, voters: Forecast["voters"]): Next {
  const { cluster: { primary }, gone } = left;
  if (primary === null || gone.has(primary.host)) return nextLeader(left);
  const { lease, forced, variables } = primary.status;
  const stays = (because: string) => ({ leader: primary, because: `${primary.host} goes on: ${because}`, others: [] });
  if (lease.mode !== "on") return stays(lease.because);
  if (forced) return stays("it was forced, and votes alone until a majority is back");
  const counted = `${voters.left} of ${voters.all} voters are left`;
  if (voters.majority) return stays(counted);
  const ttl = variables.LEASE_TTL === undefined ? "its lease" : `LEASE_TTL (${variables.LEASE_TTL} s)`;
  const because = `only ${counted}, not a majority: ${primary.host} ends its PostgreSQL within ${ttl}`;
  return { leader: null, because, others: [] };
}

function lossOf(leader: SeenNode | null, { cluster: { primary, nodes }, gone }: Left): Loss {
  if (primary === null) {
    return { bytes: null, seconds: null, guaranteed: false, because: "no primary is in sight now to compare with" };
  }
  if (leader === null) {
    return noLoss("no node goes on without what only the others have, unless a failover is forced");
  }
  if (leader === primary) return noLoss(`${leader.host} has it all`);
  const others = nodes.filter((n) => n !== primary && n !== leader && gone.has(n.host));
  return possibleLoss({ primary, leader, dying: others });
}

/** What commits would wait for, once every node that is left follows the leader. */
function commitsOf({ host, status }: SeenNode, { nodes }: Left): { blocked: string | null; notes: string[] } {
  const partners = status.partners.filter((p) => p !== status.node.host);
  const mode = status.forced ? "eventual" : status.consistency.mode;
  if (mode !== "strict" && mode !== "partially-strict") return { blocked: null, notes: [] };
  const follows = (n: SeenNode) =>
    n.host !== host && partners.includes(n.host) &&
    n.status.postgres.systemIdentifier === status.postgres.systemIdentifier && n.status.postgres.role === "standby";
  const nameOf = (partner: string) => nodes.find((n) => n.host === partner)?.status.node.name ?? null;
  const streaming = nodes.filter(follows).map((n) => n.status.node.name);
  const { degraded } = decideSync({
    mode,
    barman: false,
    role: "primary",
    joined: status.everHadMajority,
    nodes: partners.length + 1,
    others: partners.map((partner) => ({ host: partner, name: nameOf(partner) })),
    streaming,
  });
  if (degraded === null) return { blocked: null, notes: [] };
  const blocks = mode === "strict" && streaming.length < waitedFor(partners.length + 1);
  return blocks ? { blocked: degraded, notes: [] } : { blocked: null, notes: [degraded] };
}

function poolsOf(leader: string | null, { cluster, gone }: Left): Forecast["pools"] {
  return cluster.members.flatMap((m) => {
    if (gone.has(m.host) || !("status" in m) || m.status.component !== "pgpool") return [];
    const there = m.status.backends.filter((b) => !gone.has(b.host));
    const serves = (b: typeof there[number]) => (b.truth === "primary" || b.truth === "standby") && b.status !== "down";
    return [{
      pool: calledOf(m),
      writes: there.find((b) => b.host === leader)?.host ?? null,
      reads: there.filter((b) => b.host === leader || serves(b)).map((b) => b.host),
    }];
  });
}
