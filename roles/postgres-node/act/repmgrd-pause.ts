// Ends a pause of repmgrd that nobody ends: repmgr's own switchover leaves one behind when it fails.
import type { Node } from "../node.ts";

/** How often it is looked at, and how long a pause may last, milliseconds. */
const everyMs = 10_000;
const longestMs = 60_000;

export class RepmgrdPause {
  private lookedAt: number;
  private since: number | null = null;

  constructor(private readonly node: Node) {
    this.lookedAt = node.clock.nowMs();
  }

  async end(): Promise<void> {
    const { clock, doors, history } = this.node;
    if (clock.nowMs() - this.lookedAt < everyMs) return;
    this.lookedAt = clock.nowMs();
    this.since = await doors.repmgr.paused() ? this.since ?? clock.nowMs() : null;
    if (this.since === null || clock.nowMs() - this.since < longestMs) return;
    await doors.repmgr.unpause();
    this.since = null;
    history.warn("repmgrd was paused and goes on", {
      because: "repmgr's own switchover leaves it paused when it fails",
      fix: "type postdock cluster switchover instead; to keep failover off, type postdock cluster pause",
    });
  }
}
