// PURE: what a chaos run showed, as lines for people and as one object for programs.
import { type Verdict, wordOf } from "../support/clients/check.ts";
import type { History, Struck } from "../support/clients/records.ts";

const share = (sorted: readonly number[], part: number) => sorted[Math.floor((sorted.length - 1) * part)] ?? 0;

function times(what: string, values: readonly number[]): string {
  const sorted = values.toSorted((a, b) => a - b);
  const [median, most] = [share(sorted, 0.5), share(sorted, 1)].map((ms) => (ms / 1000).toFixed(1));
  return `${what} ${median} s (median), ${most} s (longest)`;
}

/** How many leaderships passed while nodes were held down. The first of each fault is the one before it. */
function heldDown(struck: readonly Struck[]): string[] {
  const faults = struck.flatMap((s) => s.held ?? []);
  if (faults.length === 0) return [];
  const led = faults.flatMap((held) => held.leaderships.slice(1));
  const after = times("the first write of each came after", led.map((l) => l.afterMs));
  return [`${faults.length} faults held nodes down, over ${led.length} leaderships; ${after}`];
}

/** The summary, one sentence per line; the findings come last. */
export function summary(seed: number, history: History, verdict: Verdict, unknown: number, load: number): string[] {
  const { struck } = history;
  const others = struck.filter((s) => !s.held);
  const lost = verdict.explained.reduce((sum, e) => sum + e.writes, 0);
  const explained = verdict.explained.map((e) =>
    `${e.writes} at fault ${e.fault + 1} (${struck[e.fault]?.fault.kind})`
  );
  return [
    `seed ${seed}, mode ${history.mode}: ${struck.length} faults, ${history.writes.length} writes acknowledged, ` +
    `${unknown} of unknown outcome, ${history.reads.length} reads; load ${load.toFixed(1)}`,
    times("whole after", struck.flatMap((s) => s.recoveryMs ?? [])),
    ...(others.length > 0 ? [times("no write through pgpool for", others.map((s) => s.gapMs))] : []),
    ...heldDown(struck),
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
