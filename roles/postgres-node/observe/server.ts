// One look at the node's own server, its volume, and the origin of its timeline. Each is recorded as it is seen.
import type { TimelineOrigin } from "../../../core/postgres/lsn.ts";
import { withKnownWal, withReceivedWal } from "../decide/certain.ts";
import type { ServerSeen } from "../decide/server-seen.ts";
import { type Node, ownOf } from "../node.ts";

/** Looks at the server and records it. Throws if it does not answer in time: then nothing is recorded. */
export async function observeServer(node: Pick<Node, "doors" | "seen" | "clock">): Promise<ServerSeen> {
  const { doors, seen, clock } = node;
  const atMs = clock.nowMs(); // from here on it may have changed
  const answer = await doors.server.look();
  const { data, farthest } = seen.now;
  const wal = answer.standby ? await doors.data.newestWal() : null;
  const known = { found: data?.kind === "cluster" ? data.position : null, farthest };
  const server = { ...withKnownWal(withReceivedWal(answer, wal), known), atMs };
  seen.serverSeen(server);
  return server;
}

/** Looks at the volume of the data directory and records it. Returns the free bytes. */
export async function observeRoom({ doors, seen }: Pick<Node, "doors" | "seen">): Promise<number> {
  const room = await doors.data.room();
  seen.roomFound(room);
  return room.freeBytes;
}

/** The origin of this running node's timeline, as it was first seen: a WAL receiver may write over the record later. */
export async function observeOrigin(node: Node): Promise<TimelineOrigin | null> {
  const { timeline, lsn } = ownOf(node);
  if (timeline === null || timeline === 1 || lsn === null) return null;
  const known = node.seen.now.origin;
  if (known?.timeline === timeline && known.origin.record !== null) return known.origin;
  const origin = await node.doors.data.origin({ timeline, lsn });
  node.seen.originFound(timeline, origin);
  return origin;
}
