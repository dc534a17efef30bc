// Clients that write to a release all the time, each through a service of its own.
import { Ledger, type Target } from "./ledger.ts";
import { assertLedger, type LedgerPromise } from "./ledger-report.ts";

export class Writers {
  /** by the service through which they write */
  private readonly ledgers = new Map<string, Ledger>();

  /** `target`: how to log in through a service, at its present address */
  constructor(private readonly target: (service: string) => Promise<Target>) {}

  async start(service: string): Promise<void> {
    const address = async () => (await this.target(service)).host;
    this.ledgers.set(service, await Ledger.start(await this.target(service), address));
  }

  /** The one through pgpool, which has to be started. */
  get pgpool(): Ledger {
    return this.ledgers.get("pgpool")!;
  }

  /** Waits until each has written so many more. */
  async written(more: number, deadlineMs?: number): Promise<void> {
    await Promise.all([...this.ledgers.values()].map((ledger) => ledger.writes(more, deadlineMs)));
  }

  /** How long nothing was written since then through each service, for the output of a test. */
  gapsSince(fromMs: number): string {
    const gaps = [...this.ledgers].map(([service, ledger]) =>
      `${(ledger.longestGapSince(fromMs) / 1000).toFixed(1)} s through ${service}`
    );
    return gaps.join(", ");
  }

  async stop(): Promise<void> {
    await Promise.all([...this.ledgers.values()].map((ledger) => ledger.stop()));
  }

  /** Stops them. Throws if what one was told is not on the primary, or if it had to wait longer. */
  async finish(primary: Target, promise: LedgerPromise): Promise<void> {
    for (const [service, ledger] of this.ledgers) {
      assertLedger(`all steps, through ${service}`, await ledger.finish(primary), promise);
    }
  }
}
