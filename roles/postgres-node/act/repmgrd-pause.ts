// Ends a pause of repmgrd that nobody ends: repmgr's own switchover leaves one behind when it fails.
import { Pace } from "../../../core/runtime/time.ts";
import type { Node } from "../node.ts";

/** How often it is looked at, and how long a pause may last, milliseconds. */
const everyMs = 10_000;
const longestMs = 60_000;

export class RepmgrdPause {
  private readonly pace: Pace;
  private since: number | null = null;

  constructor(private readonly node: Node) {
    this.pace = new Pace(node.clock, everyMs, "later");
  }

  async keep(): Promise<void> {
    const { clock, doors, history } = this.node;
    if (!this.pace.due()) return;
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
