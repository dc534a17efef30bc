// PURE: what could be lost if a primary and some other nodes died now, by what CONSISTENCY makes commits wait for.
import { secondsText, sizeText } from "../../core/words/amounts.ts";
import { bytesAhead, compareLsn } from "../../core/postgres/lsn.ts";
import type { SeenNode } from "./next-leader.ts";

export interface Loss {
  /** acknowledged WAL, at most, as last seen; null: it is not known */
  bytes: number | null;
  /** the age of the oldest commit in it, at most; null: it is not known */
  seconds: number | null;
  /** it is what the consistency mode guarantees, and not only what was seen last */
  guaranteed: boolean;
  because: string;
}

export interface LossView {
  primary: SeenNode;
  leader: SeenNode;
  /** the other nodes that would die with the primary */
  dying: readonly SeenNode[];
}

/** Nothing, as promised. */
export const noLoss = (because: string): Loss => ({ bytes: 0, seconds: 0, guaranteed: true, because });

/** What the next leader could lack of what the primary has acknowledged. */
export function possibleLoss({ primary, leader, dying }: LossView): Loss {
  const { mode, degraded } = primary.status.consistency;
  if (mode === "strict" && !primary.status.forced) {
    return noLoss(`CONSISTENCY=strict: every acknowledged commit is on a majority, and ${leader.host} has them all`);
  }
  const waits = mode === "partially-strict" && degraded === null;
  if (!waits) return notReceived([primary], leader, whyNoWait(primary));
  const waitedFor = dying.filter((node) => confirms(node, primary));
  if (waitedFor.length === 0) {
    return noLoss(
      `CONSISTENCY=partially-strict: each commit waits for one standby, and ${leader.host} has as much as any of them`,
    );
  }
  const hosts = waitedFor.map((n) => n.host).join(", ");
  return notReceived(waitedFor, leader, `commits may have waited for ${hosts} only, which would be gone as well`);
}

function whyNoWait({ status: { consistency, forced } }: SeenNode): string {
  if (forced) return "the primary was forced, and no commit waits for a standby";
  return consistency.degraded ?? "CONSISTENCY=eventual: no commit waits for a standby";
}

/** Whether the primary's commits may have waited for this node. */
function confirms({ status: { node } }: SeenNode, primary: SeenNode): boolean {
  return primary.status.postgres.downstream.some((d) =>
    d.applicationName === node.name && d.state === "streaming" && d.syncState !== "async"
  );
}

/** What the gone nodes have beyond the leader, as both were last seen. */
function notReceived(gone: readonly SeenNode[], leader: SeenNode, why: string): Loss {
  const { timeline, lsn, lagSeconds } = leader.status.postgres;
  const ends = gone.filter((n) => n.status.postgres.timeline === timeline)
    .flatMap((n) => n.status.postgres.lsn ?? []).toSorted(compareLsn);
  const newest = ends.at(-1);
  if (newest === undefined || lsn === null) {
    return {
      bytes: null,
      seconds: null,
      guaranteed: false,
      because: `${why}; how far ${leader.host} is behind is not known`,
    };
  }
  const bytes = Math.max(0, bytesAhead(newest, lsn));
  const ageMs = Math.max(leader.status.observedAgoMs, ...gone.map((n) => n.status.observedAgoMs));
  // replay is never ahead of what is received, so its age is an upper bound
  const seconds = lagSeconds === null ? null : lagSeconds + ageMs / 1000;
  const age = seconds === null ? "an unknown time" : `the last ${secondsText(seconds * 1000)}`;
  const because = bytes === 0
    ? `${why}; ${leader.host} had everything ${
      secondsText(ageMs)
    } ago, and what is written in the last moment may not reach it`
    : `${why}; ${leader.host} had not received ${sizeText(bytes)}, written in ${age}`;
  return { bytes, seconds, guaranteed: false, because };
}
