// PURE parser of `pcp_node_info -a`: one line for each number from 0 to the highest in BACKENDS; gaps are "unused".
import type { PoolNode } from "../decide/pool.ts";

/** host (empty in a gap) port code weight status backend-status role backend-role delay … of 4.6. */
const line = /^(\S*) \d+ \d+ [\d.]+ (up|down|waiting|unused) \S+ (primary|standby) /;

/** Parses the output. Throws if a line has another form, as of a version of pgpool that is not known here. */
export function parseNodeInfo(text: string): PoolNode[] {
  const lines = text.split("\n").filter((l) => l.trim() !== "");
  return lines.map((l, id): PoolNode => {
    const [, , status, role] = line.exec(l) ?? [];
    if (status === undefined) throw new Error(`pcp_node_info printed an unknown line: ${JSON.stringify(l)}`);
    return { id, status: status as PoolNode["status"], role: role === "primary" ? "primary" : "standby" };
  }).filter((node) => node.status !== "unused");
}
