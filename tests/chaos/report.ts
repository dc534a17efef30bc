// PURE: what a chaos run showed, as lines for people and as one object for programs.
import { type History, type Verdict, wordOf } from "../support/clients/check.ts";

const share = (sorted: readonly number[], part: number) => sorted[Math.floor((sorted.length - 1) * part)] ?? 0;

function times(what: string, values: readonly number[]): string {
  const sorted = values.toSorted((a, b) => a - b);
  const [median, most] = [share(sorted, 0.5), share(sorted, 1)].map((ms) => (ms / 1000).toFixed(1));
  return `${what} ${median} s (median), ${most} s (longest)`;
}

/** The summary, one sentence per line; the findings come last. */
export function summary(seed: number, history: History, verdict: Verdict, unknown: number, load: number): string[] {
  const { struck } = history;
  const lost = verdict.explained.reduce((sum, e) => sum + e.writes, 0);
  const explained = verdict.explained.map((e) =>
    `${e.writes} at fault ${e.fault + 1} (${struck[e.fault]?.fault.kind})`
  );
  return [
    `seed ${seed}, mode ${history.mode}: ${struck.length} faults, ${history.writes.length} writes acknowledged, ` +
    `${unknown} of unknown outcome, ${history.reads.length} reads; load ${load.toFixed(1)}`,
    times("whole after", struck.flatMap((s) => s.recoveryMs ?? [])),
    times("no write through pgpool for", struck.map((s) => s.gapMs)),
    `${lost} acknowledged writes lost as asynchronous replication may${lost ? `: ${explained.join(", ")}` : ""}`,
    ...verdict.undecided.map((text) => `UNDECIDED ${text}`),
    ...verdict.findings.map((text) => `FINDING ${text}`),
    wordOf(verdict),
  ];
}

/** The report for programs. */
export function asJson(seed: number, history: History, verdict: Verdict, unknown: number, load: number): string {
  const { mode, struck, writes, reads } = history;
  const counts = { acknowledged: writes.length, unknown, reads: reads.length };
  return JSON.stringify(
    { schema: 1, seed, mode, word: wordOf(verdict), ...counts, load, ...verdict, struck },
    null,
    1,
  ) +
    "\n";
}
