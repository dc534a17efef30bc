// PURE: acknowledged writes that are gone, and those that nobody could have acknowledged.
import { isCut, mayLose } from "../faults/fault.ts";
import { tailMs } from "../faults/steps.ts";
import { leaseTtlMs } from "../waits.ts";
import type { History, Struck, Write } from "./records.ts";

const label = (w: Write) => `${w.client}/${w.n}`;

/**
 * Whether a fault explains a loss: it struck the node that acknowledged the write, within `slackMs` of that time. A primary that
 * was cut off may acknowledge until its lease ends, and not after that.
 */
function explains(
  { fault, primary, beganMs, struckMs, endedMs, held }: Struck,
  write: Write,
  slackMs: number,
): boolean {
  if (held) return held.tails.some((t) => t.node === write.node && t.fromMs <= write.ackMs && write.ackMs <= t.toMs);
  const lastMs = isCut(fault.kind) ? struckMs + leaseTtlMs : endedMs + slackMs;
  const struck = (mayLose(fault, primary) && write.node === primary) ||
    (fault.second !== undefined && mayLose(fault.second, write.node));
  return struck && write.ackMs >= beganMs - slackMs && write.ackMs <= lastMs;
}

/** The index of the fault that explains a loss; a fault during which the write was acknowledged comes first. -1: none. */
function explanation(write: Write, struck: readonly Struck[]): number {
  const during = struck.findIndex((s) => explains(s, write, 0));
  return during < 0 ? struck.findIndex((s) => explains(s, write, tailMs)) : during;
}

export function losses(
  history: History,
  rows: ReadonlySet<string>,
): { findings: string[]; explained: { fault: number; writes: number }[] } {
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

/** Writes that were sent and acknowledged while too few nodes were up. */
export function loudWrites({ struck, writes }: Pick<History, "struck" | "writes">): string[] {
  return struck.flatMap(({ held }, i) =>
    (held?.quiet ?? []).flatMap(({ fromMs, toMs }) => {
      const loud = writes.filter((w) => w.sentMs > fromMs && w.ackMs < toMs);
      if (loud.length === 0) return [];
      const after = Math.round(loud.at(-1)!.ackMs - fromMs);
      return [
        `fault ${i + 1}: ${loud[0]!.node} acknowledged ${loud.length} writes up to ${after} ms after the last moment ` +
        "at which it could: too few nodes were up",
      ];
    })
  );
}
