// The only place that reads clocks and sets timers; everything else gets a Clock.
// All durations are milliseconds.
import { OperatorError } from "../words/errors.ts";
import { uptimeSeconds } from "./proc.ts";

export interface Clock {
  /** Monotonic milliseconds; only differences mean anything. */
  nowMs(): number;
  /** Wall clock, milliseconds since the epoch; for people, never for decisions. */
  wallMs(): number;
  /** Resolves after `ms` (after 24 days at the latest), or when `signal` aborts. Never rejects. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** The longest time that the platform's timers take; a longer one would fire at once. */
const longestTimerMs = 2 ** 31 - 1;

/** Calls `action` once after `ms`, unless the returned function has been called before. */
export function after(ms: number, action: () => void): () => void {
  const timer = setTimeout(action, Math.min(ms, longestTimerMs));
  return () => clearTimeout(timer);
}

/** Calls `action` in the next turn of the event loop, after what waits there now. */
export function nextTurn(action: () => void): void {
  setImmediate(action);
}

/** Calls `action` once when the signal aborts, or at once if it has aborted already. The returned function cancels that. */
export function onAbort(signal: AbortSignal | undefined, action: () => void): () => void {
  if (signal?.aborted) action();
  else signal?.addEventListener("abort", action, { once: true });
  return () => signal?.removeEventListener("abort", action);
}

/** Resolves when the signal aborts, or at once if it has aborted already. */
export function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => void onAbort(signal, resolve));
}

export const systemClock: Clock = {
  nowMs: () => performance.now(),
  wallMs: () => Date.now(),
  sleep: (ms, signal) =>
    new Promise((resolve) => {
      if (signal?.aborted) return resolve();
      const cancel = after(ms, () => {
        forget();
        resolve();
      });
      const forget = onAbort(signal, () => {
        cancel();
        resolve();
      });
    }),
};

/**
 * The clock of leases, milliseconds. It goes on while this process, its container or its machine is frozen, unlike a timer.
 * Without /proc it is the ordinary monotonic clock.
 */
export function leaseNowMs(): number {
  const seconds = uptimeSeconds();
  return seconds === null ? performance.now() : seconds * 1000;
}

/** What a wait needs from outside. */
export interface WaitDeps {
  clock: Clock;
  signal?: AbortSignal;
}

/**
 * Polls `ready` until it returns something that counts as true (not null, undefined, false, 0 or ""), and returns that.
 * Throws an OperatorError when `deadlineMs` is over or the signal aborts; `why` may say what was seen last.
 */
export async function waitUntil<T>(
  ready: () => Promise<T | null | undefined | false>,
  options: { what: string; deadlineMs: number; everyMs?: number; fix?: string; why?: () => string },
  deps: WaitDeps,
): Promise<T> {
  const end = deps.clock.nowMs() + options.deadlineMs;
  while (true) {
    const value = await ready();
    if (value) return value;
    if (deps.signal?.aborted || deps.clock.nowMs() >= end) {
      const seconds = Math.round(options.deadlineMs / 1000);
      throw new OperatorError({
        what: deps.signal?.aborted
          ? `Stopped waiting for ${options.what}`
          : `Gave up waiting for ${options.what} after ${seconds} s`,
        ...(options.why ? { why: options.why() } : {}),
        fix: options.fix ?? "see the log lines above for the last attempt",
      });
    }
    await deps.clock.sleep(options.everyMs ?? 250, deps.signal);
  }
}

/** Thrown by withDeadline() when the time is over. */
export class DeadlineError extends Error {
  override name = "DeadlineError";
}

/** Races `work` against a deadline. The work itself is not cancelled: hand it a signal if it takes one. */
export async function withDeadline<T>(work: Promise<T>, ms: number, what: string): Promise<T> {
  let cancel = () => {};
  const late = new Promise<never>((_, reject) => {
    cancel = after(ms, () => reject(new DeadlineError(`${what} did not answer within ${ms} ms`)));
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    cancel();
    work.catch(() => {}); // a late failure of the abandoned work has been reported as the deadline
  }
}

/**
 * A step that never runs twice at once. The returned function resolves after a run that began after the call; all calls during
 * one run share the next run.
 */
export function oneAtATime<T>(step: () => Promise<T>): () => Promise<T> {
  let running: Promise<unknown> = Promise.resolve();
  let next: Promise<T> | null = null;
  return () =>
    next ??= running.catch(() => {}).then(() => {
      next = null;
      const run = step();
      running = run;
      return run;
    });
}

/** The same answer for all who ask while it is being made, and for `ms` after that. A failure is not kept. */
export function shared<T>(make: () => Promise<T>, ms: number): () => Promise<T> {
  let kept: Promise<T> | null = null;
  const forget = () => void (kept = null);
  return () => {
    if (kept === null) {
      kept = make();
      kept.then(() => after(ms, forget), forget);
    }
    return kept;
  };
}

/** Runs `step` until the signal aborts, with a pause of `ms` between runs. An error goes to `onError` and does not end the loop. */
export async function every(
  ms: number,
  step: () => Promise<void>,
  deps: { clock: Clock; signal: AbortSignal; onError: (error: unknown) => void },
): Promise<void> {
  while (!deps.signal.aborted) {
    try {
      await step();
    } catch (error) {
      deps.onError(error);
    }
    await deps.clock.sleep(ms, deps.signal);
  }
}

/** Paces what is asked to do its work more often than it should. */
export class Pace {
  private nextMs: number;

  /** `first`: the work is due at once, or only after the first interval */
  constructor(private readonly clock: Pick<Clock, "nowMs">, private readonly everyMs: number, first: "now" | "later") {
    this.nextMs = first === "now" ? -Infinity : clock.nowMs() + everyMs;
  }

  /** Whether the work is due; if it is, the next interval begins. */
  due(): boolean {
    const nowMs = this.clock.nowMs();
    if (nowMs < this.nextMs) return false;
    this.nextMs = nowMs + this.everyMs;
    return true;
  }

  /** The work is due again at once. */
  sooner(): void {
    this.nextMs = -Infinity;
  }
}
