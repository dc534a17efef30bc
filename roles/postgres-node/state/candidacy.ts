// At most one attempt to become primary at a time on this node, for whatever reason: a start, the agent, repmgrd, an operator,
// a hand-over. If no lease is needed, nothing else keeps two attempts apart.
import type { Clock } from "../../../core/runtime/time.ts";

/** One attempt to become primary, with an end. */
export class Bid {
  private readonly over = new AbortController();
  private expiry = new AbortController();

  constructor(
    /** what wants the node to become primary */
    readonly because: string,
    private readonly clock: Clock,
  ) {}

  get ended(): boolean {
    return this.over.signal.aborted;
  }

  /** The attempt has succeeded, failed, or been given up. */
  end(): void {
    this.over.abort();
    this.expiry.abort();
  }

  /** Ends it after `ms`, unless it is kept or ends before: for an attempt that another process carries out. */
  expireAfter(ms: number): void {
    const expiry = this.expiry = new AbortController();
    void this.clock.sleep(ms, expiry.signal).then(() => expiry.signal.aborted ? undefined : this.end());
  }

  /** It lasts until end(): the agent carries it out itself. */
  keep(): void {
    this.expiry.abort();
  }
}

export class Candidacy {
  private bid: Bid | null = null;

  constructor(private readonly clock: Clock) {}

  /** The attempt that is under way, or null. */
  get current(): Bid | null {
    return this.bid?.ended === false ? this.bid : null;
  }

  /** Begins an attempt; null if one is already under way. */
  begin(because: string): Bid | null {
    if (this.current !== null) return null;
    return this.bid = new Bid(because, this.clock);
  }

  /** Ends the attempt that is under way: the node is the primary, or its server has ended. */
  settle(): void {
    this.current?.end();
  }
}
