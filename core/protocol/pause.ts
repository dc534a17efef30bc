// PURE: whether automatic failover is paused, and which of two nodes knows the newer order about it. Orders are numbered,
// never dated: a clock that is ahead must not bring an older order back. The CLI numbers an order once, and all nodes keep
// it under that number. It needs a majority of the first level for that, so of two orders the later one knows the earlier.

export interface Pause {
  on: boolean;
  /** number of the order */
  count: number;
  /** when it was ordered, for people; wall clock, milliseconds */
  atMs: number;
}

/** Nothing was ever ordered. */
export const neverPaused: Pause = { on: false, count: 0, atMs: 0 };

/** The newer of two orders. Two of one number were given without knowledge of each other: then failover is on. */
export function newerPause(a: Pause, b: Pause): Pause {
  const order = a.count - b.count || Number(b.on) - Number(a.on);
  return order >= 0 ? a : b;
}

/** A new order, newer than all that are known. */
export function orderPause(on: boolean, known: readonly Pause[], wallMs: number): Pause {
  return { on, count: Math.max(0, ...known.map((p) => p.count)) + 1, atMs: wallMs };
}
