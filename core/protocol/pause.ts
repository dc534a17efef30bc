// PURE: whether automatic failover is paused, and which of two nodes knows the newer order about it. Orders are numbered,
// never dated: a clock that is ahead must not bring an older order back. The CLI numbers an order once, and all nodes keep
// it under that number. It needs a majority of the first level for that, so of two orders the later one knows the earlier.
import { z } from "zod";

export interface Pause {
  on: boolean;
  /** number of the order */
  count: number;
  /** when it was ordered, for people; wall clock, milliseconds */
  atMs: number;
  /** the host of the node that is restored from a backup: no other node may lead meanwhile */
  restoring?: string | undefined;
}

/** An agent of an earlier release numbers no orders: what it says is older than any numbered one. */
export const PauseSchema = z.object({
  on: z.boolean(),
  count: z.number().int().default(0),
  atMs: z.number(),
  restoring: z.string().max(300).optional().meta({ description: "the node that is restored; no other node may lead" }),
});

/** Nothing was ever ordered. */
export const neverPaused: Pause = { on: false, count: 0, atMs: 0 };

/** The newer of two orders. Two of one number were given without knowledge of each other: then failover is on. */
export function newerPause(a: Pause, b: Pause): Pause {
  const order = a.count - b.count || Number(b.on) - Number(a.on);
  return order >= 0 ? a : b;
}

/** A new order, newer than all that are known. */
export function orderPause(on: boolean, known: readonly Pause[], wallMs: number, restoring?: string): Pause {
  const count = Math.max(0, ...known.map((p) => p.count)) + 1;
  return { on, count, atMs: wallMs, ...(restoring === undefined ? {} : { restoring }) };
}
