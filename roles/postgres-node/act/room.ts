// A primary whose volume has no room left gives way to a standby that has room.
import { sizeText } from "../../../core/words/amounts.ts";
import { hasRoom, lacksRoom } from "../../../core/postgres/room.ts";
import type { Surroundings } from "../decide/view.ts";
import type { Node } from "../node.ts";
import { observeRoom } from "../observe/server.ts";
import { type Heir, successorOf } from "./hand-over.ts";

/** Looks at the volume. Returns the standby to hand over to, if it has room and this primary has none; otherwise null. */
export async function heirWithRoom(surroundings: Surroundings, node: Node): Promise<Heir | null> {
  const freeBytes = await observeRoom(node);
  if (!lacksRoom(freeBytes) || node.memory.now.paused.on) return null;
  const roomy = surroundings.peers.filter((p) => p.seen === "reached" && hasRoom(p.diskFreeBytes));
  const succession = successorOf(node, { ...surroundings, peers: roomy }, null);
  if (!succession || "none" in succession) return null;
  return {
    to: succession.to,
    because: `${node.config.pgdata} has only ${sizeText(freeBytes)} free, too little to write`,
  };
}
