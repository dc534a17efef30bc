// A volume without room: its primary gives way to a standby that has room, and a server that cannot start gets some.
import { sizeText } from "../../../core/words/amounts.ts";
import { hasRoom, lacksRoom } from "../../../core/postgres/room.ts";
import type { Trouble } from "../../../core/protocol/trouble.ts";
import { Pace } from "../../../core/runtime/time.ts";
import { errorText } from "../../../core/words/errors.ts";
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

/** How often the reserve is looked at, milliseconds. */
const reserveMs = 60_000;

/** Keeps the reserve of a running server. Nothing waits for it. */
export class Reserve {
  private readonly pace: Pace;
  private said: string | null = null;

  constructor(private readonly node: Node) {
    this.pace = new Pace(node.clock, reserveMs, "now");
  }

  keep(): void {
    if (!this.pace.due()) return;
    const { doors, log } = this.node;
    doors.data.keepReserve().catch((error) => {
      const why = errorText(error);
      if (why !== this.said) log.warn("No room could be set aside for a recovery on a full volume", { why });
      this.said = why;
    });
  }
}

/** Makes room for the next start on a full volume. Returns the trouble, with how much room is missing if none could be made. */
export async function makeRoom(trouble: Trouble, { config, doors, log }: Node): Promise<Trouble> {
  try {
    const missing = await doors.data.freeRoom();
    if (missing === null) return trouble;
    const fix =
      `free about ${sizeText(missing)} on the volume of ${config.host}, or make it larger; to see what fills it, ` +
      `type in its container: du -xh -d 2 ${config.pgdata} | sort -h. What this node could spare is gone already; leave ` +
      "pg_wal alone";
    return { because: trouble.because, fix };
  } catch (error) {
    log.warn("No room could be made", { why: errorText(error) });
    return trouble;
  }
}
