// PURE: whether a chaos run kept the promises, from the records of its clients, all on one monotonic clock.
// A finding is a broken promise; what the records cannot decide is reported as undecided, which is not a pass.
import { type Fault, mayLose } from "../faults/fault.ts";

export type Mode = "eventual" | "strict";

/** A write that was acknowledged, with the node and the timeline that it says it was made on. */
export interface Write {
  client: string;
  n: number;
  node: string;
  timeline: number;
  sentMs: number;
  ackMs: number;
}

export interface Read {
  client: string;
  node: string;
  sentMs: number;
  sum: number;
  /** highest number of the watched writer that had been acknowledged when the read was sent, and what it saw */
  required: number;
  seen: number;
}

/** A fault as it happened. */
export interface Struck {
  fault: Fault;
  primary: string;
  beganMs: number;
  endedMs: number;
  /** time from the end of the fault until the cluster was whole, milliseconds; null: it was never whole */
  recoveryMs: number | null;
  gapMs: number;
  finding: string | null;
}

/** What one node holds when everything has healed. */
export interface Final {
  node: string;
  sum: number;
  /** transfers that are not two halves of one transaction, in words */
  torn: readonly string[];
  /** client and number of every row, as `client/n` */
  rows: ReadonlySet<string>;
}

export interface History {
  mode: Mode;
  writes: readonly Write[];
  reads: readonly Read[];
  struck: readonly Struck[];
  finals: readonly Final[];
  /** the last number that each client sent */
  lastSent: Readonly<Record<string, number>>;
  total: number;
}

export interface Verdict {
  findings: string[];
  undecided: string[];
  /** acknowledged writes whose loss a fault explains, by the index of the fault */
  explained: { fault: number; writes: number }[];
}

const label = (w: Write) => `${w.client}/${w.n}`;

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

/** Whether a fault explains a loss: it struck the node that acknowledged the write, within `slackMs` of that time. */
function explains({ fault, primary, beganMs, endedMs }: Struck, write: Write, slackMs: number): boolean {
  const struck = (mayLose(fault, primary) && write.node === primary) ||
    (fault.second !== undefined && mayLose(fault.second, write.node));
  return struck && write.ackMs >= beganMs - slackMs && write.ackMs <= endedMs + slackMs;
}

/** The index of the fault that explains a loss; a fault during which the write was acknowledged comes first. -1: none. */
function explanation(write: Write, struck: readonly Struck[]): number {
  const during = struck.findIndex((s) => explains(s, write, 0));
  return during < 0 ? struck.findIndex((s) => explains(s, write, 2_000)) : during;
}

function losses(history: History, rows: ReadonlySet<string>): Pick<Verdict, "findings" | "explained"> {
  const explained = new Map<number, number>();
  const unexplained: Write[] = [];
  for (const write of history.writes.filter((w) => !rows.has(label(w)))) {
    const fault = history.mode === "strict" ? -1 : explanation(write, history.struck);
    if (fault < 0) unexplained.push(write);
    else explained.set(fault, (explained.get(fault) ?? 0) + 1);
  }
  const some = unexplained.slice(0, 5).map((w) => `${label(w)} on ${w.node}`).join(", ");
  return {
    findings: unexplained.length === 0
      ? []
      : [`${unexplained.length} acknowledged writes are gone and no fault explains it: ${some}`],
    explained: [...explained].map(([fault, writes]) => ({ fault, writes })),
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
  const notWhole = history.struck.flatMap((s, i) => s.finding === null ? [] : [`fault ${i + 1}: ${s.finding}`]);
  return {
    findings: [...two.findings, ...lost.findings, ...badReads(history), ...badFinals(history), ...notWhole],
    undecided: [...two.undecided, ...blind(history)],
    explained: lost.explained,
  };
}

export type Word = "passed" | "undecided" | "failed";

/** Undecided is not passed. */
export function wordOf(verdict: Verdict): Word {
  return verdict.findings.length > 0 ? "failed" : verdict.undecided.length > 0 ? "undecided" : "passed";
}
