// A node whose data have diverged gets data with which it can follow the primary again.
import type { RejoinWay } from "../http/event-metrics.ts";
import type { Node } from "../node.ts";
import { observeSurroundings } from "../observe/surroundings.ts";

/** How long a standby may wait for the WAL without which it is not consistent, and how often it is looked at; milliseconds. */
const starvingMs = 5_000;

export const starvedText =
  "this standby gets no WAL from its upstream and is not consistent without it, and a primary is in sight";

/**
 * Asks whether a server that does not answer yet waits in vain for WAL while a primary is in sight, for example because the
 * node to which it was rewound was gone then and has no slot for it now. Only a server that answers is looked at for that.
 */
export function starvation(node: Node): () => Promise<boolean> {
  const { clock, config, seen } = node;
  let nextMs = clock.nowMs() + starvingMs;
  return async () => {
    if (seen.now.trouble === null || clock.nowMs() < nextMs) return false;
    nextMs = clock.nowMs() + starvingMs;
    const { primary } = await observeSurroundings(node);
    return primary !== null && primary.host !== config.host;
  };
}

/** Rewinds this node to the primary `host`. Returns why it has to be cloned instead; null if it has been rewound. */
export async function rewindTo(host: string, because: string, node: Node): Promise<string | null> {
  const started = node.clock.nowMs();
  const { failed, fetched } = await node.doors.data.rewind(host);
  if (failed !== null) return `the rewind to ${host} failed: ${failed}`;
  const way = fetched > 0 ? "rewind with WAL from barman" : "rewind";
  noteRejoin(way, { from: host, because, started }, node);
  return null;
}

/** Notes how this node has got data with which it can follow the primary again. */
export function noteRejoin(
  way: RejoinWay,
  { from, because, started }: { from: string; because: string; started: number },
  node: Node,
): void {
  node.seen.dataReplaced();
  node.condition.recovered();
  const tookMs = Math.round(node.clock.nowMs() - started);
  node.events.rejoin.observe(way, tookMs / 1000);
  node.history.note("Rejoined", { way, from, because, tookMs });
}
