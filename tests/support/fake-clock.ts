// A clock for pure tests: it stands still until a test moves it.
import type { Clock } from "../../core/runtime/time.ts";

/** A clock that stands still until a test moves it. */
export class FakeClock implements Clock {
  private now = 1_000_000;
  private readonly sleepers = new Set<{ atMs: number; wake: () => void }>();

  nowMs(): number {
    return this.now;
  }

  wallMs(): number {
    return this.now;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal?.aborted) return resolve();
      const sleeper = { atMs: this.now + ms, wake: () => {} };
      sleeper.wake = () => {
        this.sleepers.delete(sleeper);
        signal?.removeEventListener("abort", sleeper.wake);
        resolve();
      };
      signal?.addEventListener("abort", sleeper.wake, { once: true });
      this.sleepers.add(sleeper);
    });
  }

  /** Moves by so many milliseconds; every sleep that ends on the way resumes its work first. */
  async pass(ms: number): Promise<void> {
    const end = this.now + ms;
    await settled();
    while (true) {
      const [next] = [...this.sleepers].toSorted((a, b) => a.atMs - b.atMs);
      if (!next || next.atMs > end) break;
      this.now = Math.max(this.now, next.atMs);
      next.wake();
      await settled();
    }
    this.now = end;
  }
}

/** Resolves once all work that does not wait for the clock is done. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise<void>((resolve) => setTimeout(resolve, 0));
}
