// PURE parser of `pcp_node_info -a`: one line a backend, in the order of the backends that are configured.
import type { PoolNode } from "./decide-pool.ts";

const words: readonly string[] = ["up", "down", "waiting", "unused"];

/** Columns of 4.6: host port status-code weight status backend-status role backend-role delay state sync-state changed. */
export function parseNodeInfo(text: string, backendIds: readonly number[]): PoolNode[] {
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  return lines.map((line, index) => {
    const [host = "", port = "", , , status = "", , role = ""] = line.trim().split(/\s+/);
    const id = lines.length === backendIds.length ? backendIds.toSorted((a, b) => a - b)[index] : index;
    if (host === "" || id === undefined || !/^\d+$/.test(port) || !words.includes(status)) {
      throw new Error(`pcp_node_info printed an unknown line: ${line}`);
    }
    return { id, status: status as PoolNode["status"], role: role === "primary" ? "primary" : "standby" };
  });
}
