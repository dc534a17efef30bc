// The volume of the data directory: a primary that has no room left gives way to a standby that has.
import { sizeText } from "../../../core/words/amounts.ts";
import { diskSpace } from "../../../core/runtime/files.ts";
import { hasRoom, lacksRoom } from "../../../core/postgres/room.ts";
import { successorOf } from "./hand-over.ts";
import type { Node } from "../node.ts";
import type { Surroundings } from "../observe/surroundings.ts";

/** Looks at the volume of the data directory; bytes free there. */
export async function seeDisk({ config, state }: Node): Promise<number> {
  const { freeBytes, totalBytes } = await diskSpace(config.pgdata);
  state.disk = { freeBytes, totalBytes };
  return freeBytes;
}

/** Looks at the volume, and where the primary has no room and a standby has, orders a hand-over. */
export async function keepRoom(surroundings: Surroundings, node: Node): Promise<void> {
  const freeBytes = await seeDisk(node);
  if (!lacksRoom(freeBytes) || node.memory.paused.on) return;
  const roomy = surroundings.peers.filter((p) => p.seen === "reached" && hasRoom(p.diskFreeBytes));
  const succession = successorOf(node, { ...surroundings, peers: roomy }, null);
  if (!succession || "none" in succession) return;
  node.handOver = {
    to: succession.to,
    because: `${node.config.pgdata} has ${sizeText(freeBytes)} free: no room to write`,
  };
}
