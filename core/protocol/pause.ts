// PURE: whether automatic failover is paused, and which of two nodes knows the newer order about it. Orders are numbered by the
// lease's term and a counter, never by a clock: a clock that is ahead must not bring an older order back.

export interface Pause {
  on: boolean;
  /** newest term that was known when it was ordered, and the number of the order within that term */
  term: number;
  count: number;
  /** when it was ordered, for people; wall clock, milliseconds */
  atMs: number;
}

/** Nothing was ever ordered. */
export const neverPaused: Pause = { on: false, term: 0, count: 0, atMs: 0 };

/** The newer of two orders. Two of one number were given without knowledge of each other: then failover is on. */
export function newerPause(a: Pause, b: Pause): Pause {
  const order = a.term - b.term || a.count - b.count || Number(b.on) - Number(a.on);
  return order >= 0 ? a : b;
}

/** A new order, newer than all that are known. */
export function orderPause(on: boolean, known: readonly Pause[], now: { term: number; wallMs: number }): Pause {
  const term = Math.max(now.term, ...known.map((p) => p.term));
  const count = Math.max(0, ...known.filter((p) => p.term === term).map((p) => p.count)) + 1;
  return { on, term, count, atMs: now.wallMs };
}
