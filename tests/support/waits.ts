// How long things take by promise, and the wait for something not to happen.
import assert from "node:assert/strict";
import { type Clock, systemClock } from "../../core/runtime/time.ts";

/** LEASE_TTL of the example cluster, milliseconds. */
export const leaseTtlMs = 5_000;

/** A lost primary is replaced, and writes go on, within this time: its lease has to end, and 5 s are for all that follows. */
export const successionMs = leaseTtlMs + 5_000;

/** After the end of a fault the cluster is whole again within this time. */
export const wholeMs = 60_000;

/** Within this time anything that the lease holds back would have happened, were it not held back. */
export const nothingMs = leaseTtlMs + 3_000;

/**
 * Looks again and again for `ms` milliseconds, the last time at their end, and throws where what `holds` tells is not so once:
 * the wait for something not to happen. `why` may tell what was seen then.
 */
export async function staysTrueFor(
  ms: number,
  holds: () => Promise<boolean>,
  options: { what: string; everyMs?: number; why?: () => string },
  clock: Clock = systemClock,
): Promise<void> {
  const began = clock.nowMs();
  while (true) {
    const sinceMs = clock.nowMs() - began;
    const { what, why } = options;
    assert.ok(await holds(), `Not so any more after ${Math.round(sinceMs)} ms: ${what}${why ? `; ${why()}` : ""}`);
    if (sinceMs >= ms) return;
    await clock.sleep(Math.min(options.everyMs ?? 250, ms - sinceMs));
  }
}
