// How long things take by promise, and the wait for something not to happen.
import assert from "node:assert/strict";
import { type Clock, systemClock } from "../../core/runtime/time.ts";

/** LEASE_TTL of the example cluster, milliseconds. */
export const leaseTtlMs = 2_500;

/** A lost primary is replaced, and writes continue, within this time: 3.5 s, or three times that on a busy machine. */
export const successionMs = 10_000;

/** After the end of a fault the cluster is whole again within this time. */
export const wholeMs = 60_000;

/** Anything that the lease prevents would have happened within this time without the lease. */
export const nothingMs = leaseTtlMs + 3_000;

/**
 * Waits for something not to happen: calls `holds` repeatedly for `ms` milliseconds, the last time at their end, and throws as
 * soon as it is false. `why` may say what was seen then.
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
    assert.ok(await holds(), `No longer true after ${Math.round(sinceMs)} ms: ${what}${why ? `; ${why()}` : ""}`);
    if (sinceMs >= ms) return;
    await clock.sleep(Math.min(options.everyMs ?? 250, ms - sinceMs));
  }
}
