// An operator's order to clone this node again, from when it is given until it has succeeded or failed.
import type { ReinitProgress } from "../../../core/protocol/reinit.ts";
import type { Clock } from "../../../core/runtime/time.ts";

export class Reinit {
  private progress: ReinitProgress | null = null;
  private missed = false;
  private arrival = Promise.withResolvers<void>();

  constructor(private readonly clock: Pick<Clock, "wallMs">) {}

  /** The last order, or null if there was none. */
  get now(): Readonly<ReinitProgress> | null {
    return this.progress;
  }

  /** An order waits to be carried out. */
  get wanted(): boolean {
    return this.progress?.state === "ordered";
  }

  /** Takes an order; one whose clone is not in place yet stands. Returns how far it is. */
  order(because: string): ReinitProgress {
    if (this.progress?.state === "ordered" || this.progress?.state === "cloning") return this.progress;
    this.progress = { id: Math.round(this.clock.wallMs()), state: "ordered", because };
    this.missed = false;
    this.arrival.resolve();
    this.arrival = Promise.withResolvers<void>();
    return this.progress;
  }

  /** Resolves at the next order. */
  arrives(): Promise<void> {
    return this.arrival.promise;
  }

  /** The clone begins. */
  begins(): void {
    this.becomes("ordered", "cloning");
  }

  /** The clone is in place. */
  cloned(): void {
    this.becomes("cloning", "cloned");
  }

  /** The server streams: after the clone, the order has been carried out. */
  streams(): void {
    this.becomes("cloned", "done");
  }

  /**
   * An attempt of the node has failed. One that was under way when the order came says nothing of the clone, which is tried next.
   * True if the order has failed with it.
   */
  attemptFailed(because: string): boolean {
    if (!this.wanted || this.missed) return this.fails(because);
    this.missed = true;
    return false;
  }

  /** It cannot be carried out, or its clone or what followed has failed. True if there was an order that had not ended. */
  fails(because: string): boolean {
    if (this.progress === null || this.progress.state === "done" || this.progress.state === "failed") return false;
    this.progress = { ...this.progress, state: "failed", because };
    return true;
  }

  private becomes(before: ReinitProgress["state"], state: ReinitProgress["state"]): void {
    if (this.progress?.state === before) this.progress = { ...this.progress, state };
  }
}
