// How late the sleeps of this process end. Without CPU, or while it is paused, all that it does is as late.
import type { Clock } from "./time.ts";

/** So many sleeps count: with those of the lease, some seconds. */
const kept = 8;

/** Sleeps, and remembers how late the last of them ended. */
export class HeldUp {
  private lateMs: number[] = [];

  constructor(private readonly clock: Pick<Clock, "nowMs" | "sleep">) {}

  /** Like Clock.sleep(). One that is aborted does not count. */
  async sleep(ms: number, signal: AbortSignal): Promise<void> {
    const sinceMs = this.clock.nowMs();
    await this.clock.sleep(ms, signal);
    if (!signal.aborted) this.lateMs = [...this.lateMs, this.clock.nowMs() - sinceMs - ms].slice(-kept);
  }

  /** In words, to be put behind a reason; empty if no sleep ended as late as this, milliseconds. */
  text(leastMs: number): string {
    const worstMs = Math.max(0, ...this.lateMs);
    if (worstMs < leastMs) return "";
    return `; this container was held up for ${(worstMs / 1000).toFixed(1)} s: it had too little CPU, or was paused`;
  }
}
