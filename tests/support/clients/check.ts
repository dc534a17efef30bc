// PURE: whether a chaos run kept the promises, from the records of its clients, all on one monotonic clock.
// A finding is a broken promise; what the records cannot decide is reported as undecided, which is not a pass.
import { losses, loudWrites } from "./losses.ts";
import type { History, Read, Write } from "./records.ts";

export interface Verdict {
  findings: string[];
  undecided: string[];
  /** acknowledged writes whose loss a fault explains, by the index of the fault */
  explained: { fault: number; writes: number }[];
}

/** Two nodes on one timeline, or a write taken on an older timeline after a newer one had acknowledged. */
export function twoPrimaries(writes: readonly Write[]): { findings: string[]; undecided: string[] } {
  const timelines = [...new Set(writes.map((w) => w.timeline))].toSorted((a, b) => a - b);
  const findings: string[] = [];
  let late = 0;
  for (const timeline of timelines) {
    const own = writes.filter((w) => w.timeline === timeline);
    const nodes = [...new Set(own.map((w) => w.node))];
    if (nodes.length > 1) findings.push(`timeline ${timeline} took writes on ${nodes.join(" and ")}`);
    const newer = writes.filter((w) => w.timeline > timeline).toSorted((a, b) => a.ackMs - b.ackMs)[0];
    if (newer === undefined) continue;
    const after = own.filter((w) => w.sentMs > newer.ackMs);
    if (after.length > 0) {
      const ms = Math.round(after.at(-1)!.ackMs - newer.ackMs);
      findings.push(
        `${after.length} writes were sent to ${after[0]!.node} (timeline ${timeline}) and acknowledged there up to ` +
          `${ms} ms after ${newer.node} had acknowledged one on timeline ${newer.timeline}`,
      );
    }
    late += own.filter((w) => w.sentMs <= newer.ackMs && w.ackMs > newer.ackMs).length;
  }
  return {
    findings,
    undecided: late === 0 ? [] : [`${late} writes were sent before a newer primary's first and acknowledged after it`],
  };
}

/** When a read was sent, relative to the faults. */
function momentOf(read: Read, history: History): string {
  const before = history.struck.findLastIndex((s) => s.beganMs <= read.sentMs);
  if (before < 0) return "before the first fault";
  const { beganMs, endedMs } = history.struck[before]!;
  const ms = (since: number) => Math.round(read.sentMs - since);
  return read.sentMs < endedMs
    ? `${ms(beganMs)} ms into fault ${before + 1}`
    : `${ms(endedMs)} ms after the end of fault ${before + 1}`;
}

function badReads(history: History): string[] {
  const sums = history.reads.filter((r) => r.sum !== history.total);
  const old = history.mode === "strict" ? history.reads.filter((r) => r.seen < r.required) : [];
  return [
    ...sums.slice(0, 1).map((r) =>
      `${sums.length} reads saw a sum other than ${history.total}, the first ${r.sum} on ${r.node}, ${
        momentOf(r, history)
      }`
    ),
    ...old.slice(0, 3).map((r) => `a read on ${r.node} saw write ${r.seen} though ${r.required} had been acknowledged`),
  ];
}

function badFinals(history: History): string[] {
  const [first] = history.finals;
  if (first === undefined) return [];
  const phantoms = [...first.rows].filter((row) => {
    const [client = "", n] = row.split("/");
    return Number(n) > (history.lastSent[client] ?? 0);
  });
  const same = (a: ReadonlySet<string>, b: ReadonlySet<string>) => a.size === b.size && [...a].every((r) => b.has(r));
  return [
    ...phantoms.slice(0, 3).map((row) => `${row} is there and was never sent`),
    ...history.finals.filter((f) => f.sum !== history.total).map((f) => `the sum on ${f.node} is ${f.sum} at the end`),
    ...first.torn.map((words) => `half a transfer is there on ${first.node}: ${words}`),
    ...history.finals.slice(1).filter((f) => !same(f.rows, first.rows)).map((f) =>
      `${f.node} holds ${f.rows.size} rows, ${first.node} ${first.rows.size}, and they are not the same`
    ),
  ];
}

/** What the clients did not see enough of to say anything. */
function blind(history: History): string[] {
  const direct = history.writes.some((w) => w.client.startsWith("direct-"));
  return [
    ...(history.finals.length === 0 ? ["no node could be read at the end"] : []),
    ...(history.writes.length < 20 ? ["fewer than 20 writes were acknowledged"] : []),
    ...(direct ? [] : ["no write to a node itself was acknowledged: two primaries would not have been seen"]),
    ...(history.reads.length === 0 ? ["no read was answered"] : []),
  ];
}

/** All findings from the records; `finals` begins with the primary. */
export function check(history: History): Verdict {
  const two = twoPrimaries(history.writes);
  const primary = history.finals[0];
  const lost = primary === undefined ? { findings: [], explained: [] } : losses(history, primary.rows);
  const loud = loudWrites(history);
  const notWhole = history.struck.flatMap((s, i) => s.finding === null ? [] : [`fault ${i + 1}: ${s.finding}`]);
  return {
    findings: [...two.findings, ...lost.findings, ...loud, ...badReads(history), ...badFinals(history), ...notWhole],
    undecided: [...two.undecided, ...blind(history)],
    explained: lost.explained,
  };
}

export type Word = "passed" | "undecided" | "failed";

/** Undecided is not passed. */
export function wordOf(verdict: Verdict): Word {
  return verdict.findings.length > 0 ? "failed" : verdict.undecided.length > 0 ? "undecided" : "passed";
}
