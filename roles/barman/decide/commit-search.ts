// PURE but for the reading that is handed in: the last commit up to a time, without reading all WAL. Commits are nearly in the
// order of their times; as in PostgreSQL's own recovery, the first one that is later ends the search within its segment.
import type { Mark } from "../text/waldump.ts";

export interface LastCommit {
  /** the last commit up to that time; null if there is none */
  commit: Mark | null;
  /** a later commit was seen */
  laterSeen: boolean;
}

/**
 * @param count how many segments there are
 * @param marksAt the marks of one of them, in the order of WAL
 */
export async function lastCommitUntil(
  count: number,
  marksAt: (index: number) => Promise<readonly Mark[]>,
  untilMicros: bigint,
): Promise<LastCommit> {
  const commitsAt = async (index: number) => (await marksAt(index)).filter((m) => m.kind === "commit");
  /** the first segment from `from` on that has commits, before `end` */
  const nextWith = async (from: number, end: number) => {
    for (let i = from; i < end; i++) if ((await commitsAt(i)).length > 0) return i;
    return null;
  };
  // all segments before `low` begin with a commit in time, or have none; those from `high` on have only later ones
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = low + Math.floor((high - low) / 2);
    const at = await nextWith(middle, high);
    if (at === null) high = middle;
    else if ((await commitsAt(at))[0]!.atMicros <= untilMicros) low = at + 1;
    else high = middle;
  }
  let laterSeen = (await nextWith(low, count)) !== null;
  for (let i = low - 1; i >= 0; i--) {
    const commits = await commitsAt(i);
    const late = commits.findIndex((c) => c.atMicros > untilMicros);
    if (late >= 0) laterSeen = true;
    const commit = (late < 0 ? commits : commits.slice(0, late)).at(-1);
    if (commit !== undefined) return { commit, laterSeen };
  }
  return { commit: null, laterSeen };
}
