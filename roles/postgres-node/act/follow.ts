// Points the running standby at another upstream, and keeps its way there open.
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

/**
 * The WAL receiver looks its upstream up by name; while DNS is silent or late, it gets the last known address. One that streams
 * would start again: it keeps its name until DNS is silent, and its address until DNS answers well.
 */
export class WayToUpstream {
  constructor(private readonly node: Node) {}

  async keep(): Promise<void> {
    const { candidacy, doors, log, seen: { now: { server } } } = this.node;
    if (!server?.standby || !server.upstream || candidacy.current !== null) return;
    const { host } = server.upstream;
    const keepsName = server.upstream.streaming && server.upstreamAddress === null && !doors.others.isSilent(host);
    const address = keepsName ? null : doors.others.wayTo(host).hostaddr ?? null;
    if (address === server.upstreamAddress) return;
    const because = address === null ? "DNS answers again" : "DNS does not answer well";
    log.info("The upstream is reached another way", { upstream: host, by: address ?? "its name", because });
    await doors.data.writeUpstream(host);
    await doors.server.reload();
  }
}
