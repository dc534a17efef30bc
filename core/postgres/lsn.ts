// PURE arithmetic of log sequence numbers and timelines.

/** "16/B374D848" to a number of bytes. Throws if the text is not an LSN. */
export function parseLsn(text: string): bigint {
  const match = /^([0-9A-Fa-f]{1,8})\/([0-9A-Fa-f]{1,8})$/.exec(text);
  if (!match) throw new Error(`Not an LSN: ${JSON.stringify(text)}`);
  return (BigInt(`0x${match[1]}`) << 32n) + BigInt(`0x${match[2]}`);
}

/** A number of bytes to "16/B374D848". */
export function formatLsn(bytes: bigint): string {
  return `${(bytes >> 32n).toString(16).toUpperCase()}/${(bytes & 0xffffffffn).toString(16).toUpperCase()}`;
}

/** Negative, zero or positive, as for sort(). */
export function compareLsn(a: string, b: string): number {
  const difference = parseLsn(a) - parseLsn(b);
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}

/** How much WAL `a` has beyond `b`, bytes; negative if it is behind. */
export function bytesAhead(a: string, b: string): number {
  return Number(parseLsn(a) - parseLsn(b));
}

/** The greater of two LSNs; the first may be unknown. */
export function maxLsn(a: string | null, b: string): string {
  return a !== null && compareLsn(a, b) > 0 ? a : b;
}

/** How far a node's WAL reaches. */
export interface WalPosition {
  timeline: number;
  lsn: string;
}

/** Orders by timeline, then by LSN. By this rule the nodes of a cold start decide which of them has the newest data. */
export function comparePosition(a: WalPosition, b: WalPosition): number {
  return a.timeline - b.timeline || compareLsn(a.lsn, b.lsn);
}

/** One line of a timeline history file: a timeline and the LSN at which it was left. */
export interface TimelineFork {
  timeline: number;
  endLsn: string;
}

/** Parses the text of a NNNNNNNN.history file: its ancestors, oldest first (manual, 26.3.6 Timelines). */
export function parseHistory(text: string): TimelineFork[] {
  return text.split("\n").flatMap((line) => {
    const match = /^\s*(\d+)\s+([0-9A-Fa-f]{1,8}\/[0-9A-Fa-f]{1,8})/.exec(line);
    return match ? [{ timeline: Number(match[1]), endLsn: match[2]! }] : [];
  });
}

/**
 * Whether a node at `own` can go on to stream the timeline `target`, whose history is given. It can if it is on that timeline,
 * or on an ancestor and not beyond the fork. Otherwise it has diverged.
 */
export function isAncestor(own: WalPosition, target: { timeline: number; history: readonly TimelineFork[] }): boolean {
  if (own.timeline === target.timeline) return true;
  const fork = target.history.find((f) => f.timeline === own.timeline);
  return fork !== undefined && compareLsn(own.lsn, fork.endLsn) <= 0;
}

/**
 * How a timeline began: where it left its parent, and the header of its first record, null if it cannot be read.
 * PostgreSQL takes the next number that it has not seen. Two nodes that are promoted independently can therefore give one
 * number to two timelines. The first record holds the time of the promotion under a checksum, so it distinguishes them.
 */
export interface TimelineOrigin {
  forkLsn: string;
  record: string | null;
}

/** Where `timeline` left its parent, by the history of `target`; null if it is the first timeline or not in the history. */
export function forkInto(
  timeline: number,
  target: { timeline: number; history: readonly TimelineFork[] },
): string | null {
  const chain = [...target.history.map((f) => f.timeline), target.timeline];
  return target.history[chain.indexOf(timeline) - 1]?.endLsn ?? null;
}

/** False only if the two are known to be different timelines. */
export function sameOrigin(a: TimelineOrigin | null, b: TimelineOrigin | null): boolean {
  if (a === null || b === null) return true;
  return compareLsn(a.forkLsn, b.forkLsn) === 0 && (a.record === null || b.record === null || a.record === b.record);
}
