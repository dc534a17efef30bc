// A node whose data have diverged gets data with which it can follow the primary again.
import type { Node } from "../node.ts";

/** Rewinds this node to the primary `host`. False if it has to be cloned instead. */
export async function rewindTo(host: string, because: string, node: Node): Promise<boolean> {
  const started = node.clock.nowMs();
  const { ok, fetched } = await node.doors.data.rewind(host);
  if (!ok) return false;
  const way = fetched > 0 ? "rewind with WAL from barman" : "rewind";
  noteRejoin(way, { from: host, because, started }, node);
  return true;
}

/** Notes how this node has got data with which it can follow the primary again. */
export function noteRejoin(
  way: "rewind" | "rewind with WAL from barman" | "clone",
  { from, because, started }: { from: string; because: string; started: number },
  node: Node,
): void {
  node.seen.dataReplaced();
  node.condition.recovered();
  const tookMs = Math.round(node.clock.nowMs() - started);
  node.events.rejoin.observe(tookMs / 1000);
  node.history.note("Rejoined", { way, from, because, tookMs });
}
