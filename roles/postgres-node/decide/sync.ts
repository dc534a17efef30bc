// PURE: synchronous_standby_names for a consistency mode (docs/high-availability.md). A standby keeps the value that
// it would need as primary, so that its first transaction already waits for enough nodes.

export type Consistency = "eventual" | "partially-strict" | "strict";

/** The application name of barman's WAL receiver (barman, streaming_archiver_name). */
export const barmanReceiver = "barman_receive_wal";

export interface SyncView {
  mode: Consistency;
  /** BARMAN_SYNC=1 */
  barman: boolean;
  role: "primary" | "standby";
  /** a majority has joined, now or once; before that, no commit waits */
  joined: boolean;
  /** PARTNER_NODES, this node included; at least 1 */
  nodes: number;
  /** NODE_NAME of each other partner, by host; null if the partner has never been seen */
  others: readonly { host: string; name: string | null }[];
  /** application names that stream from this node now */
  streaming: readonly string[];
}

export interface SyncPlan {
  /** the value of synchronous_standby_names */
  names: string;
  /** what the mode promises and cannot keep at this moment, or null */
  degraded: string | null;
}

export function decideSync(view: SyncView): SyncPlan {
  if (!view.joined || (view.mode === "eventual" && !view.barman)) return { names: "", degraded: null };
  // a standby does not know which nodes would stream from it: it keeps the value for its promotion
  const receives = (name: string) => view.role === "standby" || view.streaming.includes(name);
  // two barman containers have one name: each that receives takes a place among the first, and none that a standby has
  const receivers = Math.max(1, view.streaming.filter((name) => name === barmanReceiver).length);
  const barman = view.barman && receives(barmanReceiver) ? receivers : 0;
  const noBarman = view.barman && barman === 0 ? "commits do not wait for barman: it is not receiving WAL" : null;
  const known = view.others.map(({ host, name }) => name ?? host);
  switch (view.mode) {
    case "eventual":
      return { names: waitFor(0, [], barman), degraded: noBarman };
    case "partially-strict": {
      if (known.some(receives)) return { names: waitFor(1, known, barman), degraded: noBarman };
      return {
        names: waitFor(0, [], barman),
        degraded: "commits are asynchronous: no standby is streaming",
      };
    }
    case "strict": {
      const needed = waitedFor(view.nodes);
      const streaming = known.filter(receives).length;
      const short = streaming < needed
        ? `commits are blocked: ${streaming} of ${needed} required standbys ${streaming === 1 ? "is" : "are"} streaming`
        : null;
      return { names: waitFor(needed, known, barman), degraded: short ?? noBarman };
    }
  }
}

/**
 * Waits for `count` standbys, and for so many receivers of barman. A list has one rule for all of its names, and only FIRST can
 * make sure that barman is never left out. Then the first connected standbys count, not any of them (manual, 19.6.2).
 */
function waitFor(count: number, standbys: readonly string[], barman: number): string {
  const names = [...(barman > 0 ? [barmanReceiver] : []), ...standbys].map((n) => `"${n.replaceAll('"', '""')}"`).join(
    ", ",
  );
  if (names === "" || count + barman === 0) return "";
  return barman > 0 ? `FIRST ${count + barman} (${names})` : `ANY ${count} (${names})`;
}

/** How many other nodes a commit waits for in strict mode: with its primary they are more than half of all. */
export function waitedFor(nodes: number): number {
  return Math.floor(nodes / 2);
}

/**
 * Whether this many nodes with known positions prove that the most advanced of them has every commit acknowledged in strict
 * mode. Each such commit is on its primary and on those that it waited for. So every set that is larger than the rest has it.
 */
export function provesAll(reachedNodes: number, nodes: number): boolean {
  return reachedNodes > nodes - 1 - waitedFor(nodes);
}
