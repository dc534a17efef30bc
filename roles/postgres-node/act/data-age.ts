// Writes down how old the data here are. Nothing waits for that, so a slow or full disk delays no look.
import { errorText } from "../../../core/words/errors.ts";
import { every } from "../../../core/runtime/time.ts";
import { momentNow, readDataAge, writeDataAge } from "../data/data-age.ts";
import { before, type DataAge, type Moment } from "../decide/data-age.ts";
import type { Node } from "../node.ts";
import { Observed } from "../state/observed.ts";

/** A restart makes the data seem older by this at most, milliseconds. */
const longestMs = 10_000;

/** What a node starts with: what an earlier run of its agent has seen of the data here. */
export async function observedBefore(pgdata: string, { clock, log }: Pick<Node, "clock" | "log">): Promise<Observed> {
  const seen = new Observed();
  const age = await readDataAge(pgdata, log);
  if (age !== null) seen.ageRead(age, await momentNow(clock), clock.nowMs());
  return seen;
}

/** Keeps the record until the node stops. */
export async function keepDataAge({ clock, config, log, seen, stop }: Node): Promise<void> {
  if (config.oldestDataSeconds === 0) return;
  let said: string | null = null;
  const write = async () => {
    const nowMs = clock.nowMs();
    await writeDataAge(config.pgdata, ageOf(seen.now, nowMs, await momentNow(clock)));
    said = null;
  };
  const everyMs = Math.min(longestMs, config.oldestDataSeconds * 500);
  const onError = (error: unknown) => {
    const why = errorText(error);
    if (why !== said) log.warn("The age of this node's data could not be written", { why });
    said = why;
  };
  await every(everyMs, write, { clock, signal: stop, onError });
}

/** Null if nothing is known of the present data yet. `nowMs`: the clock's milliseconds at `now`. */
export function ageOf(
  { lastStreamMs, primaryEnd }: Pick<Node["seen"]["now"], "lastStreamMs" | "primaryEnd">,
  nowMs: number,
  now: Moment,
): DataAge | null {
  if (lastStreamMs === null) return null;
  const at = (ms: number) => before(now, Math.max(0, nowMs - ms));
  const end = primaryEnd && { timeline: primaryEnd.timeline, lsn: primaryEnd.lsn, at: at(primaryEnd.atMs) };
  return { streamed: at(lastStreamMs), end };
}
