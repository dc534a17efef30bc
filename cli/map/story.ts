// PURE: a change of the primary, or a restore, step by step, while it happens and for a while after.
import { notPromoted } from "../../core/protocol/trouble.ts";
import { secondsText } from "../../core/words/amounts.ts";
import { unseenHolder } from "../cluster/unseen-holder.ts";
import { restoreStory } from "./restore-story.ts";
import type { Step, Story } from "./step.ts";
import { countText, listText, spanText } from "./words.ts";
import {
  barmans,
  candidate,
  type HistoryEvent,
  type MapView,
  nameOf,
  pools,
  type SeenNode,
  silentNodes,
  streams,
  writesReach,
} from "./view.ts";

/** A change is told for this long after it, milliseconds. */
const toldMs = 600_000;
/** What the nodes report of one change is at most this far apart, milliseconds: their clocks differ. */
const sameChangeMs = 60_000;

const step = (state: Step["state"], what: string, more: string | null = null): Step => ({ state, what, more });

/** The change or the restore that is under way, or was lately; null if there is nothing to tell. */
export function story(view: MapView): Story | null {
  const { cluster } = view;
  if (cluster.primary) return afterwards(view, cluster.primary.host);
  const restoring = cluster.nodes.find((n) => n.status.restore !== null);
  if (restoring?.status.restore) return restoreStory(restoring.host, restoring.status.restore);
  if (unseenHolder(cluster)) return null; // it has lost nothing
  return cluster.nodes.some((n) => n.status.everHadMajority) ? underWay(view) : null;
}

function underWay(view: MapView): Story {
  const { cluster, lost } = view;
  const old = lost?.host ?? grantedTo(view) ?? view.events.findLast((e) => e.event === "Promoted")?.node ?? null;
  const coming = candidate(cluster);
  const gone = cluster.members.find((m) => m.host === old);
  const why = gone && "error" in gone ? "it does not answer" : gone?.status.doing ?? null;
  const since = lost && lost.ms >= 1_000 ? `for ${spanText(lost.ms)}` : null;
  const counts = (n: SeenNode) => n.status.lease.grantedTo === old && n.host !== old;
  const holders = old === null ? [] : cluster.nodes.filter(counts).map((n) => n.host);
  const free = coming !== null || holders.length === 0;
  const elected = election(view, free, coming?.host ?? null);
  return {
    title: elected.state === "stuck"
      ? "No node can lead, as seen from here"
      : old === null
      ? "A primary is elected"
      : coming
      ? `${coming.host} takes over from ${old}`
      : `${old} is replaced`,
    steps: [
      step(
        "done",
        old === null ? "There is no primary" : `${old} no longer leads`,
        [why, since].filter(Boolean).join(", ") || null,
      ),
      step(
        free ? "done" : "now",
        "Its lease ends: until then no other node may accept writes",
        free ? null : `${listText(holders)} still ${holders.length === 1 ? "counts" : "count"} it`,
      ),
      elected,
      step(coming ? "now" : "next", "It becomes read-write, under a new epoch", coming?.status.doing ?? null),
      step("next", "The others follow it, and clients reach it"),
    ],
  };
}

function election({ cluster }: MapView, free: boolean, coming: string | null): Step {
  const what = "A majority of the voters lets the most advanced standby lead";
  if (coming) return step("done", what, coming);
  const refused = !free ? undefined : cluster.nodes.find((n) => n.status.because.startsWith(notPromoted));
  if (refused) return step("stuck", what, `${refused.host}: ${refused.status.because}`);
  const voters = new Set(cluster.nodes.flatMap((n) => n.status.lease.voters));
  const silent = cluster.members.filter((m) => "error" in m && voters.has(m.host)).map((m) => m.host);
  if (silent.length * 2 < voters.size) return step(free ? "now" : "next", what);
  return step("stuck", what, `${listText(silent)} of ${countText(voters.size, "voter")} do not answer: no majority`);
}

function grantedTo({ cluster }: MapView): string | null {
  return cluster.nodes.find((n) => n.status.lease.grantedTo !== null)?.status.lease.grantedTo ?? null;
}

function afterwards(view: MapView, leader: string): Story | null {
  const { cluster, events, wallMs } = view;
  const promoted = events.findLast((e) => e.event === "Promoted" && e.node === leader);
  if (!promoted || wallMs - Date.parse(promoted.time) > toldMs) return null;
  const near = (e: HistoryEvent) => Math.abs(Date.parse(e.time) - Date.parse(promoted.time)) < sameChangeMs;
  const handed = events.findLast((e) => e.event === "Handed over" && near(e) && e.node !== leader);
  const before = events.slice(0, events.indexOf(promoted)).findLast((e) => e.event === "Promoted");
  const old = handed?.node ?? before?.node ?? view.former ?? null;
  if (old === null) return null; // the first leadership of a cluster
  const took = promoted.tookMs === undefined ? null : `it took ${secondsText(promoted.tookMs)}`;
  const at = `at ${promoted.time.slice(11, 19)} UTC`;
  const same = old === leader;
  return {
    title: same
      ? `${leader} leads again, under a new epoch`
      : handed
      ? `${old} has handed over to ${leader}`
      : `${leader} has taken over from ${old}`,
    steps: [
      step("done", handed ? `${old} stopped and gave up its lease` : `${old} stopped leading`, handed?.because ?? null),
      step("done", `A majority of the voters let ${leader} lead`, promoted.because ?? null),
      step("done", `${leader} became read-write`, [at, took].filter(Boolean).join(", ")),
      following(view, leader, same ? null : old),
      ...pools(cluster).map(({ host, status }) =>
        step(writesReach(status, cluster) ? "done" : "now", `${nameOf(host, "pgpool")} sends writes to ${leader}`)
      ),
      ...barmans(cluster).map(({ host, status }) =>
        step(
          status.receiving && status.primary === leader ? "done" : "now",
          `${nameOf(host, "barman")} receives its WAL`,
        )
      ),
      ...same ? [] : [comeback(view, old)],
    ],
  };
}

function following({ cluster }: MapView, leader: string, old: string | null): Step {
  const others = cluster.nodes.filter((n) => n.host !== leader && n.host !== old);
  const behind = others.filter((n) => !streams(n.status)).map((n) => n.host);
  const silent = silentNodes(cluster).map((m) => m.host).filter((host) => host !== old);
  const missing = [...behind, ...silent];
  const more = missing.length === 0 ? null : `${listText(missing)} not yet`;
  return step(
    missing.length === 0 ? "done" : "now",
    "The other standbys follow it",
    others.length > 0 ? more : more ?? "there are none",
  );
}

function comeback({ cluster, silentMs }: MapView, old: string): Step {
  const what = `${old} is back as a standby`;
  const node = cluster.nodes.find((n) => n.host === old);
  if (node) return step(streams(node.status) ? "done" : "now", what, streams(node.status) ? null : node.status.doing);
  const ms = silentMs[old] ?? 0;
  return step("next", what, `it does not answer${ms < 1_000 ? "" : `, for ${spanText(ms)}`}`);
}
