// What the agent does now and why, for people; how other containers wait for a change, and how the loop is woken.
import type { Phase } from "../../../core/protocol/status.ts";
import type { Log } from "../../../core/runtime/log.ts";
import type { Clock } from "../../../core/runtime/time.ts";

export class Activity {
  private now: { phase: Phase; doing: string; because: string } = {
    phase: "starting",
    doing: "preparing",
    because: "the container has just started",
  };
  private changes = 1;
  private key = "";
  private waiting = new AbortController();
  private alarm = Promise.withResolvers<void>();

  constructor(private readonly deps: { clock: Clock; log: Log }) {}

  get phase(): Phase {
    return this.now.phase;
  }

  get doing(): string {
    return this.now.doing;
  }

  get because(): string {
    return this.now.because;
  }

  /** Counts the changes that other containers act on. */
  get revision(): number {
    return this.changes;
  }

  /** Sets what the agent does and logs it. False if nothing changed. */
  set(phase: Phase, doing: string, because: string): boolean {
    if (this.phase === phase && this.doing === doing && this.because === because) return false;
    this.now = { phase, doing, because };
    this.deps.log.info("Agent", { phase, doing, because });
    return true;
  }

  /** Ends the waits of untilChanged() if `key`, which stands for role, phase, lease and first majority, has changed. */
  changedTo(key: string): void {
    if (key === this.key) return;
    this.key = key;
    this.changes++;
    this.waiting.abort();
    this.waiting = new AbortController();
  }

  /** Resolves once the revision is no longer this one, or after `ms`. */
  async untilChanged(revision: number, ms: number): Promise<void> {
    if (revision === this.revision) await this.deps.clock.sleep(ms, this.waiting.signal);
  }

  /** Ends the present wait of the loop, or skips the next one: something happened that it should look at now. */
  wake(): void {
    this.alarm.resolve();
  }

  /** Resolves at the next wake(), or at once if one came since the last pause. */
  woken(): Promise<void> {
    return this.alarm.promise;
  }

  /** The pause is over: a wake() from now on is for the next one. */
  awake(): void {
    this.alarm = Promise.withResolvers<void>();
  }
}
