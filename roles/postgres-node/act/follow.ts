// Points the running standby at another upstream.
import type { Node } from "../node.ts";

/** Its WAL receiver restarts by itself after the reload. False if its slot could not be created there: nothing has changed. */
export async function follow(upstream: string, because: string, node: Node): Promise<boolean> {
  const { doors, log, seen } = node;
  log.info("Following another upstream", { upstream, because });
  if (!(await doors.others.ensureSlot(upstream))) return false;
  await doors.data.writeUpstream(upstream);
  await doors.server.reload();
  if (seen.now.trouble?.what === "slot-missing") seen.streamingTrouble(null);
  return true;
}
