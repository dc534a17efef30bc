// After a promotion PostgreSQL spreads its first checkpoint over minutes. Until it is complete, a crash leaves data that may not
// start as a standby: so an immediate one is asked for, in the background.
import { errorText } from "../../../core/words/errors.ts";
import type { Node } from "../node.ts";

/** After a failure it is asked for again after this, milliseconds, and so often at most for one timeline. */
const againMs = 10_000;
const mostAttempts = 5;

export class FirstCheckpoint {
  private timeline: number | null = null;
  private attempts = 0;
  private nextMs = -Infinity;
  private running = false;

  constructor(private readonly node: Node) {}

  /** Asks for it where this server is a primary and has not had it. Returns at once. */
  keep(): void {
    const { clock, seen } = this.node;
    if (seen.role() !== "primary" || this.running) return;
    const timeline = seen.now.server?.timeline ?? null;
    if (timeline !== this.timeline) Object.assign(this, { timeline, attempts: 0, nextMs: -Infinity });
    if (this.attempts >= mostAttempts || clock.nowMs() < this.nextMs) return;
    this.attempts++;
    void this.ask();
  }

  private async ask(): Promise<void> {
    const { clock, doors, log } = this.node;
    const since = clock.nowMs();
    this.running = true;
    try {
      const made = await doors.server.firstCheckpoint();
      this.attempts = mostAttempts;
      if (made) log.info("The first checkpoint after the promotion is complete", { tookMs: clock.nowMs() - since });
    } catch (error) {
      this.nextMs = clock.nowMs() + againMs;
      const left = mostAttempts - this.attempts;
      log.warn("The first checkpoint after the promotion failed", { why: errorText(error), attemptsLeft: left });
    } finally {
      this.running = false;
    }
  }
}
