// Events on their way out: sent one after the other, again after pauses that grow, in a bounded queue. Nothing waits for it.
import type { EventMessage } from "../protocol/event-message.ts";
import { errorText } from "../words/errors.ts";
import type { Log } from "./log.ts";
import type { Clock } from "./time.ts";

/** So many events wait at most; the oldest gives way to a new one. */
export const mostWaiting = 100;
const firstPauseMs = 1_000;
const longestPauseMs = 60_000;

/** A way out of the container. */
export interface Way {
  /** the variable that names it */
  by: "ON_EVENT_URL" | "ON_EVENT_COMMAND";
  /** how often one event is tried */
  attempts: number;
  /** rejects if the event did not arrive */
  send(message: EventMessage): Promise<void>;
}

export class Outbox {
  private waiting: EventMessage[] = [];
  private sending: Promise<void> | null = null;
  private failing = false;

  constructor(private readonly way: Way, private readonly deps: { clock: Clock; log: Log }) {}

  /** Takes an event, and returns at once. */
  put(message: EventMessage): void {
    this.waiting.push(message);
    if (this.waiting.length > mostWaiting) {
      const [dropped] = this.waiting.splice(0, 1);
      this.deps.log.error("An event was dropped: too many wait to be sent", { by: this.way.by, sent: dropped!.event });
    }
    this.sending ??= this.run();
  }

  /** Resolves once nothing waits. */
  async idle(): Promise<void> {
    await this.sending;
  }

  private async run(): Promise<void> {
    for (let next = this.waiting.shift(); next !== undefined; next = this.waiting.shift()) await this.deliver(next);
    this.sending = null;
  }

  private async deliver(message: EventMessage): Promise<void> {
    const { clock, log } = this.deps;
    const { attempts, by, send } = this.way;
    const since = clock.nowMs();
    const told = { by, sent: message.event };
    for (let attempt = 1, afterMs = firstPauseMs;; attempt++, afterMs = Math.min(afterMs * 2, longestPauseMs)) {
      const why = await send(message).then(() => null, errorText);
      if (why === null) {
        this.failing = false;
        return log.info("An event was sent", { ...told, attempt, tookMs: Math.round(clock.nowMs() - since) });
      }
      if (attempt >= attempts) {
        return log.error("An event was given up: it could not be sent", { ...told, attempt, why });
      }
      if (!this.failing) log.warn("An event could not be sent; it is tried again", { ...told, afterMs, why });
      this.failing = true;
      await clock.sleep(afterMs);
    }
  }
}
