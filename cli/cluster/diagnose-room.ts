// PURE: what is wrong with the volume of a node.
import { lacksRoom } from "../../core/postgres/room.ts";
import type { NodeStatus } from "../../core/protocol/status.ts";
import { sizeText } from "../../core/words/amounts.ts";
import { error, type Finding, warning } from "./finding.ts";
import { keptText } from "./render.ts";

/** A volume with less than this part free is reported. */
const littleRoom = 0.05;

/** A volume that is nearly full, and old data that take room on it. */
export function room(host: string, { disk, kept }: Pick<NodeStatus, "disk" | "kept">): Finding[] {
  const findings: Finding[] = [];
  if (disk !== null && disk.freeBytes < disk.totalBytes * littleRoom) {
    const fix =
      "make its volume larger, or free space on it; `select * from pg_replication_slots` shows the slots that keep WAL";
    const ended = "PostgreSQL ends when the volume is full, and a primary gives its role to another node";
    const level = lacksRoom(disk.freeBytes) ? error : warning;
    findings.push(level(host, `has ${sizeText(disk.freeBytes)} free on the volume of its data`, fix, ended));
  }
  if (kept !== null) {
    const fix = "none is needed; `postdock barman restore clean` in the barman container removes them now";
    findings.push(warning(host, keptText(kept), fix, "they take room on its volume"));
  }
  return findings;
}
